//! The `device_code` grant (RFC 8628 sections 3.4 and 3.5): a device asks whether its person has
//! decided.

use token_core::client::GrantType;
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::DeviceCode;
use token_core::store::PollOutcome;

use super::client_authentication::AuthenticatedClient;
use super::grant_types::may_use;
use super::issue::{TokenResponse, issue, new_tokens};
use super::{Context, OAuthFailure, Parameters};

/// `grant_type` of this grant.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Answers one poll. Of many that ask at once after the approval one gets the tokens.
pub async fn poll(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<TokenResponse, OAuthFailure> {
    may_use(client.client(), GrantType::DeviceCode)?;
    let code = form.required("device_code", "device_code is missing")?;
    let code = DeviceCode::presented(code).hash();
    let client_id = &client.client().client_id;
    let outcome = context
        .store
        .poll_device(&code, client_id, context.now())
        .await?;
    let (error, description) = match outcome {
        PollOutcome::Approved(grant) => {
            let client = client.client();
            let scope = grant.scope.clone();
            let tokens = new_tokens(context, *grant, scope, &client.grant_types)?;
            return issue(context, client, tokens, GRANT_TYPE).await;
        }
        PollOutcome::Pending => (
            OAuthErrorCode::AuthorizationPending,
            "nobody has decided yet; ask again after the interval",
        ),
        PollOutcome::SlowDown => (
            OAuthErrorCode::SlowDown,
            "ask less often: the interval is 5 seconds longer from now on",
        ),
        PollOutcome::Denied => (
            OAuthErrorCode::AccessDenied,
            "the person refused the request",
        ),
        PollOutcome::Unknown => (
            OAuthErrorCode::ExpiredToken,
            "the device code is unknown, used or expired",
        ),
    };
    Err(OAuthFailure::new(error, description))
}
