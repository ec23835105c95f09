//! The grant types of a client (RFC 7591 section 2). One that a client had when it began it may
//! have given up since (RFC 7592 section 2.2): each step that leads to tokens asks again.

use token_core::client::{Client, GrantType};
use token_core::oauth_error::OAuthErrorCode;

use super::OAuthFailure;

/// Refuses a client that may not use a grant type (RFC 6749 sections 4.1.2.1 and 5.2).
pub(super) fn may_use(client: &Client, grant_type: GrantType) -> Result<(), OAuthFailure> {
    if client.grant_types.contains(&grant_type) {
        return Ok(());
    }
    let description = match grant_type {
        GrantType::AuthorizationCode => "the client may not use the authorization_code grant",
        GrantType::RefreshToken => "the client may not use the refresh_token grant",
        GrantType::ClientCredentials => "the client may not use the client_credentials grant",
        GrantType::DeviceCode => "the client may not use the device_code grant",
        GrantType::JwtBearer => "the client may not use the jwt-bearer grant",
    };
    Err(OAuthFailure::new(
        OAuthErrorCode::UnauthorizedClient,
        description,
    ))
}
