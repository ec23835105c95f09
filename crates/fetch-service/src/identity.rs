//! Who asks: the gateway's identity assertion, checked by this service itself, so that a request
//! which did not pass the verifier is refused even inside the network.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;
use token_core::Clock;
use token_core::assertion::{AssertionVerifier, Identity};
use token_core::jose::TokenError;
use token_core::keys::VerificationKeySource;

/// The header in which the verifier's assertion comes.
const HEADER: &str = "x-auth-assertion";

/// Checks assertions against the keys of the moment.
pub(crate) struct Gate {
    pub(crate) verifier: AssertionVerifier,
    pub(crate) keys: Arc<dyn VerificationKeySource>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotIdentified {
    #[error("the request has no identity assertion: it did not come through the gateway")]
    Missing,
    #[error("the identity assertion is not good: {0}")]
    Bad(TokenError),
    #[error("the keys of the gateway are not known yet")]
    NoKeys,
}

impl Gate {
    /// The person and client that the verifier vouches for.
    pub(crate) fn identify(&self, headers: &HeaderMap) -> Result<Identity, NotIdentified> {
        let mut assertions = headers.get_all(HEADER);
        let assertion = assertions.next().and_then(|value| value.to_str().ok());
        let assertion = assertion.ok_or(NotIdentified::Missing)?;
        if assertions.next().is_some() {
            return Err(NotIdentified::Bad(TokenError::Malformed));
        }
        let keys = self.keys.current().ok_or(NotIdentified::NoKeys)?;
        self.verifier
            .verify(assertion, &keys, self.clock.now())
            .inspect_err(|error| {
                if *error == TokenError::UnknownKey {
                    self.keys.refresh_soon();
                }
            })
            .map_err(NotIdentified::Bad)
    }
}

impl ResponseError for NotIdentified {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Bad(_) => StatusCode::UNAUTHORIZED,
            Self::NoKeys => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        tracing::warn!(reason = %self, "request refused");
        let error = match self {
            Self::Missing | Self::Bad(_) => "not_identified",
            Self::NoKeys => "temporarily_unavailable",
        };
        let mut response = HttpResponse::build(self.status_code());
        if *self == Self::NoKeys {
            response.insert_header(("Retry-After", "1"));
        }
        response.json(json!({ "error": error, "error_description": self.to_string() }))
    }
}
