//! Failures as a person or a client sees them. The only `ResponseError` of the service, and the
//! only place that logs one.

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use askama::Template as _;
use serde_json::json;
use token_core::audit::Reference;
use token_core::oauth_error::OAuthErrorCode;
use token_core::{Seconds, SystemEntropy};

use super::pages::{ErrorPage, ReturnLink, Trouble};
use super::response;
use crate::flows::OAuthFailure;

/// How a failure is answered.
pub(super) enum HttpFailure {
    /// RFC 6749 section 5.2.
    Json(OAuthFailure),
    /// A page, where nothing may or can be redirected.
    Page(Box<PageFailure>),
    /// A redirect to the client with the error.
    Redirect {
        /// Where to, with the error in its query.
        url: String,
        /// The error.
        error: OAuthErrorCode,
        /// The same for the client's developer.
        description: &'static str,
    },
}

/// A page and what the log is told beside it.
pub(super) struct PageFailure {
    trouble: Trouble,
    /// What the page shows and the audit trail knows; none where there is nothing to know.
    reference: Option<Reference>,
    return_link: Option<ReturnLink>,
    retry_after: Option<Seconds>,
    cause: Option<String>,
}

impl PageFailure {
    fn of(trouble: Trouble) -> Self {
        let is_known = trouble != Trouble::NotFound;
        let reference = is_known.then(|| Reference::generate(&SystemEntropy::new()).ok());
        Self {
            trouble,
            reference: reference.flatten(),
            return_link: None,
            retry_after: None,
            cause: None,
        }
    }
}

impl HttpFailure {
    /// What it says, for the audit trail: the error in one word, the same for a developer, and what
    /// a page shows.
    pub(super) fn told(&self) -> (&'static str, Option<&'static str>, Option<&Reference>) {
        match self {
            Self::Json(failure) => (failure.code.as_str(), Some(failure.description), None),
            Self::Page(failure) => (failure.trouble.name(), None, failure.reference.as_ref()),
            Self::Redirect {
                error, description, ..
            } => (error.as_str(), Some(description), None),
        }
    }

    /// A page without a way back.
    pub(super) fn page(trouble: Trouble) -> Self {
        Self::Page(Box::new(PageFailure::of(trouble)))
    }

    /// A page with a link back to the client, whose URL must carry the error.
    pub(super) fn page_with_return(trouble: Trouble, link: ReturnLink) -> Self {
        Self::Page(Box::new(PageFailure {
            return_link: Some(link),
            ..PageFailure::of(trouble)
        }))
    }

    /// A page that says when to come again.
    pub(super) fn too_many_attempts(retry_after: Seconds) -> Self {
        Self::later(Trouble::TooManyAttempts, retry_after)
    }

    /// The same after wrong codes of devices.
    pub(super) fn too_many_codes(retry_after: Seconds) -> Self {
        Self::later(Trouble::TooManyCodes, retry_after)
    }

    fn later(trouble: Trouble, retry_after: Seconds) -> Self {
        Self::Page(Box::new(PageFailure {
            retry_after: Some(retry_after),
            ..PageFailure::of(trouble)
        }))
    }

    /// A page for a failure of ours or of the store.
    pub(super) fn page_for(failure: &OAuthFailure) -> Self {
        let trouble = match failure.code {
            OAuthErrorCode::TemporarilyUnavailable => Trouble::Unavailable,
            _ => Trouble::Internal,
        };
        Self::caused(trouble, failure)
    }

    /// A fault of ours.
    pub(super) fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::caused(Trouble::Internal, error)
    }

    fn caused(trouble: Trouble, error: &(dyn Error + 'static)) -> Self {
        Self::Page(Box::new(PageFailure {
            cause: Some(app_shell::error_chain(error)),
            ..PageFailure::of(trouble)
        }))
    }
}

impl From<OAuthFailure> for HttpFailure {
    fn from(failure: OAuthFailure) -> Self {
        Self::Json(failure)
    }
}

impl ResponseError for HttpFailure {
    fn status_code(&self) -> StatusCode {
        let status = match self {
            Self::Json(failure) => failure.code.status(),
            Self::Page(failure) => failure.trouble.status(),
            Self::Redirect { .. } => 303,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        app_shell::traces::note("error.type", self.told().0);
        match self {
            Self::Json(failure) => json_response(self.status_code(), failure),
            Self::Page(failure) => page_response(self.status_code(), failure),
            Self::Redirect { url, .. } => response::see_other(url),
        }
    }
}

fn json_response(status: StatusCode, failure: &OAuthFailure) -> HttpResponse {
    if failure.momentary {
        tracing::info!(
            cause = app_shell::error_chain(failure),
            "a client is to come again in a moment"
        );
    } else if status.is_server_error() {
        tracing::error!(
            cause = app_shell::error_chain(failure),
            "a client got an error"
        );
    }
    let body = json!({ "error": failure.code, "error_description": failure.description });
    let mut answer = response::json(status, &body);
    match failure.code {
        // RFC 6749 section 5.2.
        OAuthErrorCode::InvalidClient => {
            answer
                .headers_mut()
                .insert(WWW_AUTHENTICATE, BASIC_CHALLENGE);
        }
        // RFC 6750 section 3.
        OAuthErrorCode::InvalidToken => {
            answer
                .headers_mut()
                .insert(WWW_AUTHENTICATE, BEARER_CHALLENGE);
        }
        OAuthErrorCode::TemporarilyUnavailable => {
            let after = if failure.momentary { A_MOMENT } else { SOON };
            answer.headers_mut().insert(RETRY_AFTER, after);
        }
        _ => {}
    }
    answer
}

const BASIC_CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"token\"");
const BEARER_CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");
/// In seconds: an outage, and what is on its way already.
const SOON: HeaderValue = HeaderValue::from_static("5");
const A_MOMENT: HeaderValue = HeaderValue::from_static("2");

fn page_response(status: StatusCode, failure: &PageFailure) -> HttpResponse {
    let reference = failure.reference.as_ref().map(Reference::to_string);
    let title = failure.trouble.title();
    if let Some(cause) = &failure.cause {
        tracing::error!(reference, cause, "a person saw: {title}");
    } else {
        tracing::info!(reference, "a person saw: {title}");
    }
    let return_link = failure.return_link.as_ref().map(|link| ReturnLink {
        client_name: link.client_name.clone(),
        href: link.href.clone(),
    });
    let page = ErrorPage {
        trouble: failure.trouble.clone(),
        reference,
        return_link,
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(seconds) = failure.retry_after {
        answer.insert_header((RETRY_AFTER, seconds.0.to_string()));
    } else if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((RETRY_AFTER, SOON));
    }
    match page.render() {
        Ok(html) => answer.content_type("text/html; charset=utf-8").body(html),
        Err(_) => answer.content_type("text/plain; charset=utf-8").body(title),
    }
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(failure) => failure.fmt(f),
            Self::Page(failure) => f.write_str(failure.trouble.title()),
            Self::Redirect { .. } => f.write_str("an error went back to the client"),
        }
    }
}

impl fmt::Debug for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `GET /error`: the page that people find when they keep the address of an old error.
pub(super) async fn get() -> Result<HttpResponse, HttpFailure> {
    Err(HttpFailure::page(Trouble::Expired))
}

/// Any other path.
pub(super) async fn not_found() -> Result<HttpResponse, HttpFailure> {
    Err(HttpFailure::page(Trouble::NotFound))
}

/// A well-known path that we do not serve: no HTML, no redirect.
pub(super) async fn not_found_plain() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "not_found" }))
}
