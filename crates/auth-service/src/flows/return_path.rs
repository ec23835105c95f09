//! Where the answer to a person's decision goes: to a client's redirect URI, or to a device that
//! polls for it (RFC 8628 section 3.4).

use token_core::store::ConsentRequest;

use super::authorization_request::TrustedRedirect;

/// How a client hears of the outcome.
#[derive(Debug, Clone)]
pub enum ReturnPath {
    /// The browser takes it there.
    Redirect(TrustedRedirect),
    /// It asks by itself; the person stays on a page of ours.
    Device,
}

impl From<&ConsentRequest> for ReturnPath {
    fn from(request: &ConsentRequest) -> Self {
        match request {
            ConsentRequest::Redirect(request) => Self::Redirect(TrustedRedirect::from(request)),
            ConsentRequest::Device(_) => Self::Device,
        }
    }
}
