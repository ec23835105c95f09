//! Cookies of a flow: `__Host-`, Secure, `HttpOnly`, `SameSite=Lax` (RFC 6265bis section 4.1.3.2). On
//! a plain-http loopback issuer prefix and `Secure` are left out: some clients' jars drop them
//! there.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use token_core::secret::{BrowserBinding, SignInState};
use token_core::{Issuer, Seconds};

/// Holds the browser that was shown a consent form.
pub(super) const CONSENT: &str = "mcp-consent";
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

/// The value of a cookie.
pub(super) fn get(request: &HttpRequest, issuer: &Issuer, name: &str) -> Option<String> {
    request
        .cookie(&full_name(issuer, name))
        .map(|cookie| cookie.value().to_owned())
}

/// The browser that a cookie names.
pub(super) fn browser(
    request: &HttpRequest,
    issuer: &Issuer,
    name: &str,
) -> Option<BrowserBinding> {
    get(request, issuer, name)
        .filter(|value| !value.is_empty())
        .map(BrowserBinding::presented)
}

fn full_name(issuer: &Issuer, name: &str) -> String {
    if issuer.is_plain_http() {
        name.to_owned()
    } else {
        format!("__Host-{name}")
    }
}
