//! The `client_credentials` grant (RFC 6749 section 4.4; MCP extension
//! `io.modelcontextprotocol/oauth-client-credentials`): a client acts for itself.
//!
//! Only clients to which the operator gave services of their own may: nobody approves anything
//! here, so a client that registered itself has none. There is no refresh token (section 4.4.3):
//! the credentials are at hand.

use token_core::admission::machine;
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::{Client, ClientAuthenticationMethod, GrantType};
use token_core::oauth_error::OAuthErrorCode;
use token_core::store::Grant;
use token_core::{ClientId, GrantId, ResourceId, Scopes, Username};

use super::client_authentication::AuthenticatedClient;
use super::issue::{TokenResponse, issue_without_refresh};
use super::{Context, OAuthFailure, Parameters};

/// `grant_type` of this grant.
pub const GRANT_TYPE: &str = "client_credentials";

const MAX_USERNAME_BYTES: usize = 100;

/// Gives a client a token of its own.
pub async fn issue(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<TokenResponse, OAuthFailure> {
    let client = client.client();
    if !may_act_for_itself(client) {
        context.record(&AuditEvent::AuthFailure {
            reason: FailureReason::InvalidClient,
            client_id: Some(client.client_id.clone()),
            user_id: None,
        });
        return Err(unauthorized());
    }
    let resource = own_service(context, client, form)?;
    let scope = Scopes::from_request(None).narrowed(form.single("scope")?);
    let grant = Grant {
        id: GrantId::generate(context.entropy.as_ref())?,
        client_id: client.client_id.clone(),
        user_id: machine(&client.client_id).ok_or_else(unauthorized)?,
        username: username(&client.client_id).ok_or_else(unauthorized)?,
        resource,
        scope,
        approved_at: Some(context.now()),
    };
    issue_without_refresh(context, client, grant, GRANT_TYPE).await
}

fn may_act_for_itself(client: &Client) -> bool {
    client.credential.method() != ClientAuthenticationMethod::None
        && client.grant_types.contains(&GrantType::ClientCredentials)
        && !client.own_services.is_empty()
}

/// The service that is asked for, among the client's own. `resource` absent means the only one.
fn own_service(
    context: &Context,
    client: &Client,
    form: &Parameters,
) -> Result<ResourceId, OAuthFailure> {
    let invalid = |description| OAuthFailure::new(OAuthErrorCode::InvalidTarget, description);
    let resource = match (form.resource(), &*client.own_services) {
        (Err(_), _) => {
            return Err(invalid(
                "a token is for one resource, but several are named",
            ));
        }
        (Ok(Some(requested)), _) => context.services.requested(requested),
        // One that was taken from the configuration since is no service any more.
        (Ok(None), [only]) => context.services.requested(only.as_str()),
        (Ok(None), _) => return Err(invalid("resource is missing, and the client has several")),
    };
    resource
        .filter(|resource| client.own_services.contains(resource))
        .cloned()
        .ok_or_else(|| invalid("the resource is not one of the client's own services"))
}

/// The client's identifier, as far as a username may be long.
fn username(client_id: &ClientId) -> Option<Username> {
    let text = client_id.as_str();
    Username::parse(text.get(..MAX_USERNAME_BYTES).unwrap_or(text)).ok()
}

fn unauthorized() -> OAuthFailure {
    let description = "the operator has given this client no service of its own";
    OAuthFailure::new(OAuthErrorCode::UnauthorizedClient, description)
}
