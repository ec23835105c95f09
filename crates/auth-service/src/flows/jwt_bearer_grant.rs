//! The `jwt-bearer` grant (RFC 7523 sections 2.1 and 3) with an ID-JAG
//! (draft-ietf-oauth-identity-assertion-authz-grant; MCP extension
//! `io.modelcontextprotocol/enterprise-managed-authorization`): the identity provider of an
//! enterprise vouches for its person, and nobody is asked here.
//!
//! There is no refresh token: the client gets the next assertion from the identity provider, which
//! so keeps the say.

use std::sync::Arc;

use token_core::admission::vouched_for;
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::{Client, ClientAuthenticationMethod, GrantType};
use token_core::id_jag::IdJag;
use token_core::jose::TokenError;
use token_core::keys::ForeignKeys;
use token_core::oauth_error::OAuthErrorCode;
use token_core::scope::MCP;
use token_core::secret::SecretHash;
use token_core::store::Grant;
use token_core::{GrantId, ResourceId, Scopes, Username};

use super::client_authentication::AuthenticatedClient;
use super::client_keys::named_key;
use super::issue::{TokenResponse, issue_without_refresh};
use super::{Context, OAuthFailure, Parameters};

/// `grant_type` of this grant.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What the metadata says of it (the draft's section 7.2).
pub const PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

const MAX_USERNAME_BYTES: usize = 100;

/// An identity provider that the operator trusts.
pub struct TrustedProvider {
    /// Its `iss`, byte for byte.
    pub issuer: String,
    /// Its public keys.
    pub keys: Arc<dyn ForeignKeySource>,
}

/// Where somebody else's keys come from: they may change while we run.
pub trait ForeignKeySource: Send + Sync {
    /// The keys as last known; `None` until they are known for the first time.
    fn current(&self) -> Option<Arc<ForeignKeys>>;

    /// Whether a key that an assertion names and that is not known may still come: then it is
    /// asked for, and nobody waits for that. It may not where the provider, asked since it was
    /// first named, has just shown that it does not have it.
    fn may_come(&self, key: &SecretHash) -> bool;
}

/// Gives a token for an assertion.
pub async fn issue(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<TokenResponse, OAuthFailure> {
    let Some(provider) = &context.id_jag else {
        let description = "this gateway trusts no identity provider";
        let code = OAuthErrorCode::UnsupportedGrantType;
        return Err(OAuthFailure::new(code, description));
    };
    let client = client.client();
    may_present(client)?;
    let assertion = form.required("assertion", "assertion is missing")?;
    let assertion = verified(context, provider, assertion)
        .and_then(|assertion| given_to(client, assertion))
        .inspect_err(|failure| {
            if failure.code == OAuthErrorCode::InvalidGrant {
                refused(context, client);
            }
        })?;
    let resource = resource(context, form, &assertion)?;
    let scope = scope(&assertion)?.narrowed(form.single("scope")?);
    let user_id = vouched_for(&assertion.sub).ok_or_else(unnamed)?;
    let username = username(&assertion.sub).ok_or_else(unnamed)?;
    // Last, so that a request with a fault of its own does not use the assertion up.
    used_once(context, client, &assertion).await?;
    let grant = Grant {
        id: GrantId::generate(context.entropy.as_ref())?,
        client_id: client.client_id.clone(),
        user_id,
        username,
        resource,
        scope,
        approved_at: Some(context.now()),
    };
    issue_without_refresh(context, client, grant, GRANT_TYPE).await
}

/// The assertion names the client: one that anybody can pose as proves nothing.
fn may_present(client: &Client) -> Result<(), OAuthFailure> {
    let confidential = client.credential.method() != ClientAuthenticationMethod::None;
    if confidential && client.grant_types.contains(&GrantType::JwtBearer) {
        return Ok(());
    }
    let description = "the client has no secret, or did not register the jwt-bearer grant";
    Err(OAuthFailure::new(
        OAuthErrorCode::UnauthorizedClient,
        description,
    ))
}

fn verified(
    context: &Context,
    provider: &TrustedProvider,
    assertion: &str,
) -> Result<IdJag, OAuthFailure> {
    let keys = provider.keys.current().ok_or_else(|| {
        in_a_moment("the identity provider's keys are not known yet; try again in a moment")
    })?;
    let (us, now) = (&context.issuer, context.now());
    IdJag::verify(assertion, &keys, &provider.issuer, us, now).map_err(|error| match error {
        // One that the provider has just begun to use, perhaps.
        TokenError::UnknownKey if provider.keys.may_come(&named_key(assertion)) => {
            in_a_moment("the key of the assertion is being asked for; try again in a moment")
        }
        TokenError::Expired => OAuthFailure::invalid_grant("the assertion is expired"),
        TokenError::WrongType => {
            OAuthFailure::invalid_grant("the assertion's typ must be oauth-id-jag+jwt")
        }
        TokenError::WrongIssuer => {
            OAuthFailure::invalid_grant("the assertion is not of the trusted identity provider")
        }
        TokenError::WrongAudience => {
            OAuthFailure::invalid_grant("the assertion's aud must be the issuer of this gateway")
        }
        _ => OAuthFailure::invalid_grant("the assertion is not good"),
    })
}

fn in_a_moment(description: &'static str) -> OAuthFailure {
    OAuthFailure {
        momentary: true,
        ..OAuthFailure::new(OAuthErrorCode::TemporarilyUnavailable, description)
    }
}

fn given_to(client: &Client, assertion: IdJag) -> Result<IdJag, OAuthFailure> {
    if assertion.client_id == client.client_id {
        Ok(assertion)
    } else {
        Err(OAuthFailure::invalid_grant(
            "the assertion was given to another client",
        ))
    }
}

/// The assertion's resource; `resource` in the request may repeat it (RFC 8707 section 2.2).
fn resource(
    context: &Context,
    form: &Parameters,
    assertion: &IdJag,
) -> Result<ResourceId, OAuthFailure> {
    let invalid = |description| OAuthFailure::new(OAuthErrorCode::InvalidTarget, description);
    let granted = context
        .services
        .requested(&assertion.resource)
        .ok_or_else(|| invalid("the assertion's resource is not a service of this gateway"))?;
    let same = match form.resource() {
        Ok(None) => true,
        Ok(Some(requested)) => context.services.requested(requested) == Some(granted),
        Err(_) => false,
    };
    same.then(|| granted.clone())
        .ok_or_else(|| invalid("resource is not the one of the assertion"))
}

/// What the assertion allows. One that names scopes without ours allows nothing here.
fn scope(assertion: &IdJag) -> Result<Scopes, OAuthFailure> {
    let names_ours = |scope: &str| scope.split(' ').any(|name| name == MCP);
    match assertion.scope.as_deref() {
        Some(scope) if !scope.is_empty() && !names_ours(scope) => Err(OAuthFailure::invalid_grant(
            "the assertion allows no scope of this gateway",
        )),
        _ => Ok(Scopes::from_request(None)),
    }
}

async fn used_once(
    context: &Context,
    client: &Client,
    assertion: &IdJag,
) -> Result<(), OAuthFailure> {
    let (mark, until) = (assertion.mark(), assertion.expires_at());
    if context.store.first_use(&mark, until, context.now()).await? {
        return Ok(());
    }
    refused(context, client);
    Err(OAuthFailure::invalid_grant("the assertion was used before"))
}

fn refused(context: &Context, client: &Client) {
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::InvalidGrant,
        client_id: Some(client.client_id.clone()),
        user_id: None,
    });
}

/// The provider's own name for the person, as far as a username may be long. Nothing more is
/// taken from the assertion.
fn username(sub: &str) -> Option<Username> {
    Username::parse(sub.get(..MAX_USERNAME_BYTES).unwrap_or(sub)).ok()
}

fn unnamed() -> OAuthFailure {
    OAuthFailure::invalid_grant("the assertion's sub is longer than 122 visible ASCII characters")
}
