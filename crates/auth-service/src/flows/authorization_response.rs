//! The authorization response (RFC 6749 sections 4.1.2 and 4.1.2.1), with `iss` in every one
//! (RFC 9207 section 2).

use token_core::Issuer;
use token_core::secret::AuthorizationCode;

use super::OAuthFailure;
use super::authorization_request::TrustedRedirect;

/// The URL that takes a code to the client.
pub fn code_url(issuer: &Issuer, redirect: &TrustedRedirect, code: &AuthorizationCode) -> String {
    url(issuer, redirect, &[("code", code.expose())])
}

/// The URL that takes a refusal to the client.
pub fn error_url(issuer: &Issuer, redirect: &TrustedRedirect, failure: &OAuthFailure) -> String {
    let error = [
        ("error", failure.code.as_str()),
        ("error_description", failure.description),
    ];
    url(issuer, redirect, &error)
}

/// Appends to the query that the redirect URI may already have (RFC 6749 section 3.1.2). The rest
/// of the URI stays as it was registered, byte for byte.
fn url(issuer: &Issuer, redirect: &TrustedRedirect, answer: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = redirect.state() {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer.as_str());
    let base = redirect.redirect_uri().as_str();
    let separator = match base.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{base}{separator}{}", query.finish())
}

/// Whether the redirect URI is our own success page, for clients without one of their own.
pub fn is_out_of_band(issuer: &Issuer, redirect: &TrustedRedirect) -> bool {
    redirect.redirect_uri().as_str() == issuer.endpoint("/success")
}
