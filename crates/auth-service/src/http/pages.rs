//! What a person sees of the authorization server: one typed struct per HTML page, rendered by
//! its `askama::Template::render`. Every value is escaped; no page needs a script or an inline
//! style, so the edge's `default-src 'self'` holds.
//!
//! The structs carry codes and flow handles, so none of them implements `Debug`.

mod account;
#[cfg(test)]
mod tests;
mod trouble;

use askama::Template;

pub use self::account::{AccountPage, AccountSignInPage, ConnectedApp, Connection, Moment};
pub use self::trouble::Trouble;
use token_core::ClaimedName;

/// The style sheet of every page, for `GET /assets/gateway.css`.
pub const GATEWAY_CSS: &str = include_str!("../../assets/gateway.css");

/// The site's mark, for `GET /assets/favicon.svg`.
pub const FAVICON_SVG: &str = include_str!("../../assets/favicon.svg");

/// `GET /authorize`: asks the person before anybody is asked to sign in (MCP security best
/// practices, "confused deputy"). The form posts `request` and `decision` (`approve` or `refuse`)
/// to `/consent`.
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// What the client calls itself.
    pub client_name: ClaimedName,
    /// The host that the name comes from, where that is known: that of the client's metadata
    /// document.
    pub name_from: Option<String>,
    /// Where the authorization response goes.
    pub return_to: ReturnTo,
    /// The redirect URI in full, where it is not a page of ours.
    pub redirect_uri: Option<String>,
    /// The service's name in `MCP_SERVICES`.
    pub service_name: String,
    /// The service's resource identifier, which is its URL (RFC 8707).
    pub service_url: String,
    /// What is asked for.
    pub scopes: Vec<ScopeInWords>,
    /// Who will ask the person to sign in.
    pub sign_in: SignInWith,
    /// The handle of the waiting authorization request.
    pub request: String,
}

/// Where an authorization response goes, told apart by what the person can know about it.
#[derive(Clone, PartialEq, Eq)]
pub enum ReturnTo {
    /// An https redirect URI: its host, with the port if it is not 443, in ASCII (punycode).
    Host(String),
    /// A loopback redirect URI (RFC 8252 section 7.3): any program here can listen.
    ThisComputer {
        /// Host and port as requested, such as `localhost:3118`.
        host: String,
    },
    /// Our own success page, where the person is shown a code to carry to the client.
    CodeToCopy,
    /// A private-use scheme (RFC 8252 section 7.1): any installed app can claim it.
    App {
        /// The scheme without its colon, such as `cursor`.
        scheme: String,
    },
    /// A device whose code the person has typed (RFC 8628): it polls for the answer.
    Device,
}

/// Who asks the person to sign in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SignInWith {
    /// GitHub, or a GitHub Enterprise server.
    GitHub,
    /// The passphrase of the single-process mode.
    Local,
}

/// A scope and what it lets the client do.
#[derive(Clone, PartialEq, Eq)]
pub struct ScopeInWords {
    /// The scope value (RFC 6749 section 3.3).
    pub name: String,
    /// What it means, as the end of the sentence "It may …".
    pub words: String,
}

impl ScopeInWords {
    /// Puts a scope into words; one that this gateway has no words for is named as it is.
    pub fn of(name: &str) -> Self {
        let words = match name {
            "mcp" => "use this service's tools",
            "offline_access" => "stay connected without asking you each time",
            _ => "do what the service calls",
        };
        Self {
            name: name.to_owned(),
            words: words.to_owned(),
        }
    }
}

/// `GET /sign-in`: asks for the local passphrase. The form posts `state` and `passphrase` to
/// `/sign-in`.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What the person signs in for.
    pub purpose: SignInFor,
    /// The handle of the sign-in.
    pub state: String,
    /// After a wrong passphrase: how often the person may try again.
    pub attempts_left: Option<u32>,
}

/// What a person signs in for.
pub enum SignInFor {
    /// To give a client what was approved.
    Approved {
        /// The client.
        client_name: ClaimedName,
        /// The service that it was approved for.
        service_name: String,
    },
    /// To see what has access.
    Account,
}

/// `GET /device`: asks for the code that a device shows (RFC 8628 section 3.3). The form posts
/// `user_code` to `/device`.
#[derive(Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    /// What the field holds already.
    pub user_code: String,
    /// Whether it was sent and no device waits under it.
    pub unknown: bool,
}

/// Where a person ends who decided about a device.
#[derive(Template)]
#[template(path = "device_done.html")]
pub struct DeviceDonePage {
    /// What was decided.
    pub outcome: DeviceOutcome,
}

/// What a person decided about a device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DeviceOutcome {
    /// It gets access.
    Connected,
    /// It does not.
    Refused,
}

/// `GET /success`: where a client without a redirect URI of its own sends the person.
#[derive(Template)]
#[template(path = "success.html")]
pub struct SuccessPage {
    /// The code of this browser's own session, if it holds one.
    pub code: Option<CodeToCopy>,
}

/// An authorization code that the person carries to the client by hand.
pub struct CodeToCopy {
    /// The authorization code.
    pub code: String,
    /// The client that waits for it.
    pub client_name: ClaimedName,
    /// How long the code is good, in minutes.
    pub valid_minutes: u64,
}

/// Any authorization error that must not or cannot be told to the client by redirect.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What went wrong.
    pub trouble: Trouble,
    /// What finds it: in the log, and by `gateway trace`.
    pub reference: Option<String>,
    /// A way back, where the client's redirect URI is known to be its own.
    pub return_link: Option<ReturnLink>,
}

/// A link back to the client.
pub struct ReturnLink {
    /// The client's name.
    pub client_name: ClaimedName,
    /// A registered redirect URI with the error in its query (RFC 6749 section 4.1.2.1). Never
    /// anything else: the template cannot tell a good scheme from a bad one.
    pub href: String,
}

/// `GET /` on the issuer: what this is and which URLs to paste.
#[derive(Template)]
#[template(path = "index.html")]
pub struct IndexPage {
    /// The services behind the gateway.
    pub services: Vec<ServiceEntry>,
    /// Who asks the person to sign in.
    pub sign_in: SignInWith,
}

/// A service by its name and the URL that an MCP client is given.
pub struct ServiceEntry {
    /// The name in `MCP_SERVICES`.
    pub name: String,
    /// The MCP URL.
    pub url: String,
}
