//! What can go wrong in front of a person, in plain words.

use token_core::ClaimedName;

/// Why the person sees an error page. Each has a title, what happened, and what to do next.
#[derive(Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The `client_id` is not registered.
    UnknownClient,
    /// The `redirect_uri` is not one of the client's (RFC 6749 section 3.1.2.4).
    RedirectNotRegistered {
        /// The client that asked.
        client_name: ClaimedName,
    },
    /// A request that cannot be answered by redirect, for a reason of the client's making.
    BadRequest {
        /// What is wrong with it, as a sentence for the client's developer.
        reason: String,
    },
    /// The client's metadata document cannot be had now: an outage of theirs.
    DocumentUnavailable,
    /// The request or the sign-in is over: too late, used before, or begun in another browser.
    Expired,
    /// The person signed in, but is not on the allow-list.
    NotAdmitted {
        /// The login at GitHub.
        login: String,
    },
    /// The local passphrase was wrong too often.
    TooManyAttempts,
    /// Wrong codes of devices were typed too often, by whomever.
    TooManyCodes,
    /// The sign-in for a device was not completed.
    DeviceNotConnected,
    /// The sign-in to the account page was not completed.
    NotSignedIn,
    /// A form of the account page that is too old or another browser's.
    StaleAccountForm,
    /// The store cannot be reached.
    Unavailable,
    /// No page at this address.
    NotFound,
    /// A fault of ours.
    Internal,
}

impl Trouble {
    /// One word, for the audit trail.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown_client",
            Self::RedirectNotRegistered { .. } => "redirect_not_registered",
            Self::BadRequest { .. } => "bad_request",
            Self::DocumentUnavailable => "document_unavailable",
            Self::Expired => "expired",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::TooManyAttempts => "too_many_attempts",
            Self::TooManyCodes => "too_many_codes",
            Self::DeviceNotConnected => "device_not_connected",
            Self::Unavailable => "unavailable",
            Self::NotFound => "not_found",
            Self::NotSignedIn => "not_signed_in",
            Self::StaleAccountForm => "stale_account_form",
            Self::Internal => "internal",
        }
    }

    /// The heading.
    pub fn title(&self) -> &'static str {
        match self {
            Self::UnknownClient => "This app is not known here",
            Self::RedirectNotRegistered { .. } => "The return address does not match",
            Self::BadRequest { .. } => "The app sent a faulty request",
            Self::DocumentUnavailable => "The app cannot be looked up now",
            Self::Expired => "This request has expired",
            Self::NotAdmitted { .. } => "This account is not admitted",
            Self::TooManyAttempts | Self::TooManyCodes => "Too many attempts",
            Self::DeviceNotConnected => "The device is not connected",
            Self::NotSignedIn => "You are not signed in",
            Self::StaleAccountForm => "Nothing was ended",
            Self::Unavailable => "The gate cannot open now",
            Self::NotFound => "There is no page here",
            Self::Internal => "Something went wrong here",
        }
    }

    /// The HTTP status of the page.
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownClient
            | Self::RedirectNotRegistered { .. }
            | Self::BadRequest { .. }
            | Self::DocumentUnavailable
            | Self::DeviceNotConnected
            | Self::NotSignedIn
            | Self::StaleAccountForm
            | Self::Expired => 400,
            Self::NotAdmitted { .. } => 403,
            Self::NotFound => 404,
            Self::TooManyAttempts | Self::TooManyCodes => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// What happened, and that nothing was granted where that is in doubt.
    pub fn what_happened(&self) -> String {
        match self {
            Self::UnknownClient => "An app sent you here, but this gateway has no record of it. \
                Its registration may have expired."
                .to_owned(),
            Self::RedirectNotRegistered { client_name } => format!(
                "The app that calls itself “{client_name}” asked us to send you to an address \
                 that it has not registered. We stopped here to protect you."
            ),
            Self::BadRequest { reason } => reason.clone(),
            Self::DocumentUnavailable => "The app keeps its description at an address of its own, \
                and it cannot be fetched now. The app got no access."
                .to_owned(),
            Self::Expired => "It took too long, was already used, or was begun in another \
                browser. The app got no access from it."
                .to_owned(),
            Self::NotAdmitted { login } => format!(
                "You signed in to GitHub as “{login}”. That account is not on this gateway's \
                 list. No app got access."
            ),
            Self::TooManyAttempts => "The passphrase was wrong too often, so this sign-in is \
                closed. The app got no access."
                .to_owned(),
            Self::TooManyCodes => "Too many wrong codes were typed here lately, so none is looked \
                at now. No device got access."
                .to_owned(),
            Self::DeviceNotConnected => "The sign-in was not completed, or the device stopped \
                waiting. It got no access."
                .to_owned(),
            Self::NotSignedIn => {
                "The sign-in was not completed, so there is nothing to show you.".to_owned()
            }
            Self::StaleAccountForm => "The page that you pressed the button on was too old, or \
                was opened in another browser. Everything is as it was."
                .to_owned(),
            Self::Unavailable => "The gateway cannot reach its own records, so it lets nobody \
                through. The fault is not yours."
                .to_owned(),
            Self::NotFound => "The address may be mistyped, or the page is gone.".to_owned(),
            Self::Internal => "The gateway made a mistake. The fault is not yours.".to_owned(),
        }
    }

    /// What the person can do next.
    pub fn what_to_do(&self) -> String {
        match self {
            Self::UnknownClient => "Remove this server in the app and add it again: the app then \
                registers anew."
                .to_owned(),
            Self::RedirectNotRegistered { .. } => "If you began this yourself, remove this \
                server in the app and add it again. If you did not, close this page."
                .to_owned(),
            Self::BadRequest { .. } => "Go back to the app and connect again. If it happens \
                again, tell the app's makers what stands here."
                .to_owned(),
            Self::Expired => "Go back to the app and connect again.".to_owned(),
            Self::DocumentUnavailable => "Wait a minute, then connect again from the app. If it \
                stays, tell the app's makers."
                .to_owned(),
            Self::NotAdmitted { login } => format!(
                "Ask whoever runs this gateway to admit “{login}”. Or switch to another account \
                 at GitHub and begin again."
            ),
            Self::Unavailable => "Wait a minute, then connect again from the app.".to_owned(),
            Self::TooManyAttempts => "Look up the passphrase in the terminal that started the \
                gateway. Then connect again from the app."
                .to_owned(),
            Self::TooManyCodes => "Wait five minutes, then type the code again.".to_owned(),
            Self::DeviceNotConnected => "If the device still shows its code, type it again. \
                Otherwise let the device make a new one."
                .to_owned(),
            Self::NotSignedIn | Self::StaleAccountForm => "Open your account page again, at \
                /account on this site."
                .to_owned(),
            Self::NotFound => "Go back to where you came from.".to_owned(),
            Self::Internal => "Try again in a minute. If it stays, tell whoever runs this \
                gateway the reference below."
                .to_owned(),
        }
    }
}
