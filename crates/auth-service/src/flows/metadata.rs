//! Authorization server metadata (RFC 8414 section 2), also in the form of OpenID Connect
//! discovery, where MCP clients look second.

use serde::Serialize;
use token_core::Issuer;
use token_core::scope::{MCP, OFFLINE_ACCESS};

use super::Context;
use super::client_metadata_document::DocumentPolicy;
use super::{client_credentials_grant, code_grant, device_grant, jwt_bearer_grant, refresh_grant};

/// The metadata document.
#[derive(Debug, Serialize)]
pub struct AuthorizationServerMetadata {
    issuer: Issuer,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    introspection_endpoint: String,
    device_authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    jwks_uri: String,
    scopes_supported: [&'static str; 2],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 4],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_grant_profiles_supported: Option<[&'static str; 1]>,
    code_challenge_methods_supported: [&'static str; 1],
    /// draft-ietf-oauth-client-id-metadata-document section 7.
    client_id_metadata_document_supported: bool,
    /// RFC 9207 section 3.
    authorization_response_iss_parameter_supported: bool,
    #[serde(flatten)]
    openid: Option<OpenIdMembers>,
}

/// Members that the format of OpenID Connect discovery requires. We issue no ID tokens.
#[derive(Debug, Serialize)]
struct OpenIdMembers {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

const CLIENT_AUTHENTICATION: [&str; 4] = [
    "none",
    "client_secret_post",
    "client_secret_basic",
    "private_key_jwt",
];
/// Of client assertions.
const ASSERTION_ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];

impl AuthorizationServerMetadata {
    /// The document of RFC 8414.
    pub fn oauth(context: &Context) -> Self {
        let (issuer, clients) = (&context.issuer, &context.clients.settings);
        let trusted = context.id_jag.is_some();
        let mut grant_types = vec![
            code_grant::GRANT_TYPE,
            refresh_grant::GRANT_TYPE,
            client_credentials_grant::GRANT_TYPE,
            device_grant::GRANT_TYPE,
        ];
        grant_types.extend(trusted.then_some(jwt_bearer_grant::GRANT_TYPE));
        Self {
            issuer: issuer.clone(),
            authorization_endpoint: issuer.endpoint("/authorize"),
            token_endpoint: issuer.endpoint("/token"),
            registration_endpoint: clients.registration.then(|| issuer.endpoint("/register")),
            revocation_endpoint: issuer.endpoint("/revoke"),
            introspection_endpoint: issuer.endpoint("/introspect"),
            device_authorization_endpoint: issuer.endpoint("/device_authorization"),
            pushed_authorization_request_endpoint: issuer.endpoint("/par"),
            jwks_uri: issuer.endpoint("/jwks"),
            scopes_supported: [MCP, OFFLINE_ACCESS],
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: grant_types,
            token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
            token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
            revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
            revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
            introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
            introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
            authorization_grant_profiles_supported: trusted.then_some([jwt_bearer_grant::PROFILE]),
            code_challenge_methods_supported: ["S256"],
            client_id_metadata_document_supported: clients.documents != DocumentPolicy::Off,
            authorization_response_iss_parameter_supported: true,
            openid: None,
        }
    }

    /// The same with what the format of OpenID Connect discovery requires.
    pub fn openid(context: &Context) -> Self {
        let openid = OpenIdMembers {
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
        };
        Self {
            openid: Some(openid),
            ..Self::oauth(context)
        }
    }
}
