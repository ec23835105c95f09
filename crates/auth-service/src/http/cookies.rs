//! Cookies of a flow: `__Host-`, Secure, `HttpOnly`, `SameSite=Lax` (RFC 6265bis section 4.1.3.2). On
//! a plain-http loopback issuer prefix and `Secure` are left out: some clients' jars drop them
//! there.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header::COOKIE;
use token_core::secret::{BrowserBinding, SignInState};
use token_core::{Issuer, Seconds};

/// Holds the browser that was shown a consent form.
pub(super) const CONSENT: &str = "mcp-consent";
/// Holds who is signed in to the account page, sealed.
pub(super) const ACCOUNT: &str = "mcp-account";
/// Holds the code that the success page shows, sealed.
pub(super) const SUCCESS: &str = "mcp-success";

/// The cookie of one sign-in: each has its own, so that two tabs do not disturb each other.
pub(super) fn sign_in_name(state: &SignInState) -> String {
    let hash = state.hash().to_string();
    format!("mcp-sign-in-{}", hash.get(..12).unwrap_or_default())
}

/// A cookie for `lifetime`.
pub(super) fn set(issuer: &Issuer, name: &str, value: &str, lifetime: Seconds) -> Cookie<'static> {
    let lifetime = i64::try_from(lifetime.0).unwrap_or(i64::MAX);
    Cookie::build(full_name(issuer, name), value.to_owned())
        .path("/")
        .secure(!issuer.is_plain_http())
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(lifetime))
        .finish()
}

/// Ends a cookie.
pub(super) fn clear(issuer: &Issuer, name: &str) -> Cookie<'static> {
    set(issuer, name, "", Seconds(0))
}

/// The value of a cookie. Cookies of others that are no text do not hide ours.
pub(super) fn get(request: &HttpRequest, issuer: &Issuer, name: &str) -> Option<String> {
    let name = full_name(issuer, name);
    let headers = request.headers().get_all(COOKIE);
    let mut pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let (own, value) = std::str::from_utf8(pair).ok()?.trim().split_once('=')?;
        (own == name && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The browser that a cookie names.
pub(super) fn browser(
    request: &HttpRequest,
    issuer: &Issuer,
    name: &str,
) -> Option<BrowserBinding> {
    get(request, issuer, name).map(BrowserBinding::presented)
}

fn full_name(issuer: &Issuer, name: &str) -> String {
    if issuer.is_plain_http() {
        name.to_owned()
    } else {
        format!("__Host-{name}")
    }
}
