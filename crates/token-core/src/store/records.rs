//! What is stored: each record carries its own expiry, and no secret.

use serde::{Deserialize, Serialize};

use crate::access_token::AccessTokenClaims;
use crate::audit::Reference;
use crate::clock::{Seconds, Timestamp};
use crate::identifiers::{ClientId, GrantId, Jti, UserId, Username};
use crate::issuer::Issuer;
use crate::jose::TimeClaims;
use crate::pkce::CodeChallenge;
use crate::redirect_uri::RedirectUri;
use crate::resource::ResourceId;
use crate::scope::Scopes;
use crate::secret::{SecretHash, SecretKey};

/// The public keys of a client, as they were fetched from an address of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySetRecord {
    /// The client.
    pub client_id: ClientId,
    /// Where they were fetched. Keys at an address that the client gave up are not its keys.
    pub jwks_uri: String,
    /// The JWK Set, as JSON text.
    pub jwks: String,
    /// When they were last fetched: the moment at which the question was put.
    pub fetched_at: Timestamp,
    /// When they were last asked for, with success or without.
    pub asked_at: Timestamp,
    /// When an assertion last proved the client with them; never is 0.
    pub used_at: Timestamp,
    /// When they are not believed any more, whatever happens.
    pub expires_at: Timestamp,
}

/// An authorization request that was checked: what the client asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: ClientId,
    /// Where the answer goes: as requested, which on loopback may differ from the registered one
    /// by its port.
    pub redirect_uri: RedirectUri,
    /// The client's own `state`, to be given back byte for byte.
    pub state: Option<String>,
    /// The PKCE challenge.
    pub code_challenge: CodeChallenge,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
}

/// What a device asks for (RFC 8628), as the person who typed its code is asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Hash of the user code in its normal form: where the decision goes.
    pub user_code: SecretHash,
    /// The client.
    pub client_id: ClientId,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
}

/// What a person is asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentRequest {
    /// An authorization request: the answer is a redirect.
    Redirect(AuthorizationRequest),
    /// A device: it polls for the answer.
    Device(DeviceRequest),
}

impl ConsentRequest {
    /// The client.
    pub fn client_id(&self) -> &ClientId {
        match self {
            Self::Redirect(request) => &request.client_id,
            Self::Device(request) => &request.client_id,
        }
    }

    /// The service that is asked for.
    pub fn resource(&self) -> &ResourceId {
        match self {
            Self::Redirect(request) => &request.resource,
            Self::Device(request) => &request.resource,
        }
    }

    /// The scopes that approval gives.
    pub fn scope(&self) -> &Scopes {
        match self {
            Self::Redirect(request) => &request.scope,
            Self::Device(request) => &request.scope,
        }
    }
}

/// What a person signs in for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignInPurpose {
    /// To give a client what was approved.
    Approved(ConsentRequest),
    /// To see what clients have, on the person's own page.
    Account,
}

impl SignInPurpose {
    /// What was approved, if anything was.
    pub fn approved(&self) -> Option<&ConsentRequest> {
        match self {
            Self::Approved(request) => Some(request),
            Self::Account => None,
        }
    }
}

/// A sign-in under way, waiting for the identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// What it is for.
    #[serde(rename = "request")]
    pub purpose: SignInPurpose,
    /// Hash of the browser's cookie.
    pub browser: SecretHash,
    /// When it is over.
    pub expires_at: Timestamp,
    /// The login that it belongs to, as the audit trail names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Reference>,
}

/// Who approved what for whom: the part that codes and refresh tokens share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub user_id: UserId,
    /// The person's login name at sign-in.
    pub username: Username,
    /// The service.
    pub resource: ResourceId,
    /// The scopes that were approved.
    pub scope: Scopes,
    /// When the person approved it, or the client began to act for itself. `None` in records of a
    /// version that did not keep it, and where it was made of an access token's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
}

/// An authorization code's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// Hash and grant of the code.
    pub key: SecretKey,
    /// What was approved.
    pub grant: Grant,
    /// Must be repeated at the token endpoint.
    pub redirect_uri: RedirectUri,
    /// Must be answered at the token endpoint.
    pub code_challenge: CodeChallenge,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// An active access token's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The token's identifier, which names its grant.
    pub jti: Jti,
    /// The client that holds it.
    pub client_id: ClientId,
    /// The person it stands for.
    pub user_id: UserId,
    /// The person's login name at sign-in.
    #[serde(default = "Username::unknown")]
    pub username: Username,
    /// The service it is for.
    pub resource: ResourceId,
    /// What it allows.
    pub scope: Scopes,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

impl TokenRecord {
    /// The grant that it was issued under, with the token's own scope.
    pub fn grant(&self) -> Grant {
        Grant {
            id: self.jti.grant(),
            client_id: self.client_id.clone(),
            user_id: self.user_id.clone(),
            username: self.username.clone(),
            resource: self.resource.clone(),
            scope: self.scope.clone(),
            approved_at: None,
        }
    }

    /// The claims of the token itself.
    pub fn claims(&self, issuer: Issuer) -> AccessTokenClaims {
        AccessTokenClaims {
            iss: issuer,
            sub: self.user_id.clone(),
            aud: self.resource.clone(),
            client_id: self.client_id.clone(),
            jti: self.jti.clone(),
            scope: self.scope.clone(),
            username: self.username.clone(),
            times: TimeClaims {
                exp: self.expires_at,
                iat: self.issued_at,
                nbf: None,
            },
        }
    }
}

/// A refresh token's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRecord {
    /// Hash and grant of the token.
    pub key: SecretKey,
    /// What was approved.
    pub grant: Grant,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// The tokens that one token request gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedTokens {
    /// The access token.
    pub token: TokenRecord,
    /// The refresh token, where the client may have one.
    pub refresh: Option<RefreshRecord>,
    /// Whether the client is one of this store's: then it must still be there.
    pub client_is_stored: bool,
}

/// One rotation of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The refresh token that was presented.
    pub presented: SecretKey,
    /// Its successor.
    pub successor: RefreshRecord,
    /// The new access token.
    pub token: TokenRecord,
    /// The answer, sealed under a key derived from the presented token: for the grace.
    pub sealed_answer: String,
    /// Until when a repeat gets that answer again.
    pub grace_until: Timestamp,
    /// Whether the client is one of this store's: then it must still be there.
    pub client_is_stored: bool,
}

/// A device authorization request (RFC 8628 section 3.1) that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Hash of the device code.
    pub device_code: SecretHash,
    /// Hash of the user code in its normal form.
    pub user_code: SecretHash,
    /// The client.
    pub client_id: ClientId,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
    /// The least time between two polls.
    pub interval: Seconds,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// What a person decided about a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceDecision {
    /// It may have what it asks for.
    Approved(Grant),
    /// It may not.
    Denied,
}

/// A pushed authorization request (RFC 9126): the parameters as they were pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// The client that pushed it.
    pub client_id: ClientId,
    /// Its parameters, form-encoded.
    pub parameters: String,
    /// When it is over.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_says_what_it_is_for() {
        let text = |purpose: &str| {
            let browser = SecretHash::of("cookie");
            format!(r#"{{"request":{purpose},"browser":"{browser}","expires_at":1}}"#)
        };
        let device = format!(
            r#"{{"device":{{"user_code":"{}","client_id":"c",
                "resource":"https://fetch.example.com/mcp","scope":"mcp"}}}}"#,
            SecretHash::of("code")
        );
        let pending: PendingSignIn = serde_json::from_str(&text(&device)).unwrap();
        assert_eq!(
            pending.purpose.approved().unwrap().client_id().as_str(),
            "c"
        );
        let pending: PendingSignIn = serde_json::from_str(&text("null")).unwrap();
        assert_eq!(pending.purpose, SignInPurpose::Account);
        assert_eq!(serde_json::to_string(&pending).unwrap(), text("null"));
        let neither = text(r#"{"unknown":{}}"#);
        assert!(serde_json::from_str::<PendingSignIn>(&neither).is_err());
    }

    #[test]
    fn a_token_of_a_version_that_kept_no_username_is_still_read() {
        let jti = format!("{}.{}", "g".repeat(22), "r".repeat(22));
        let record = format!(
            r#"{{"jti":"{jti}","client_id":"c","user_id":"github|1",
                "resource":"https://fetch.example.com/mcp","scope":"mcp",
                "issued_at":1,"expires_at":2}}"#
        );
        let record: TokenRecord = serde_json::from_str(&record).unwrap();
        assert_eq!(record.username.as_str(), "?");
        assert_eq!(record.grant().id.as_str(), "g".repeat(22));
    }
}
