//! What the stand-in remembers: its one OAuth app, who is signed in, codes and tokens given out.

use std::collections::HashMap;

use serde::Deserialize;
use url::Url;

/// A GitHub account: the login can be renamed and reused, the id cannot.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) login: String,
    pub(crate) id: u64,
}

/// What a code stands for until it is redeemed.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) user: User,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) code_challenge: Option<String>,
}

/// The registered OAuth app.
#[derive(Debug)]
pub(crate) struct OAuthApp {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) callback_url: Url,
}

/// Everything that the stand-in remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) app: OAuthApp,
    pub(crate) user: User,
    pub(crate) deny: bool,
    pub(crate) down: bool,
    pub(crate) calls: u64,
    pub(crate) codes: HashMap<String, Grant>,
    pub(crate) tokens: HashMap<String, User>,
}

/// The body of `POST /_control`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Control {
    login: Option<String>,
    id: Option<u64>,
    deny: Option<bool>,
    down: Option<bool>,
}

impl State {
    /// Reads `FAKE_GITHUB_CLIENT_ID`, `FAKE_GITHUB_CLIENT_SECRET`, `FAKE_GITHUB_CALLBACK_URL` and
    /// `FAKE_GITHUB_USER` (`LOGIN:ID`).
    pub(crate) fn from_environment() -> Result<Self, Box<dyn std::error::Error>> {
        let user = setting("FAKE_GITHUB_USER")?;
        let (login, id) = user
            .split_once(':')
            .ok_or("FAKE_GITHUB_USER is not LOGIN:ID")?;
        Ok(Self {
            app: OAuthApp {
                client_id: setting("FAKE_GITHUB_CLIENT_ID")?,
                client_secret: setting("FAKE_GITHUB_CLIENT_SECRET")?,
                callback_url: setting("FAKE_GITHUB_CALLBACK_URL")?.parse()?,
            },
            user: User {
                login: login.to_owned(),
                id: id.parse()?,
            },
            deny: false,
            down: false,
            calls: 0,
            codes: HashMap::new(),
            tokens: HashMap::new(),
        })
    }

    /// Sets what the change names.
    pub(crate) fn apply(&mut self, change: Control) {
        if let Some(login) = change.login {
            self.user.login = login;
        }
        if let Some(id) = change.id {
            self.user.id = id;
        }
        if let Some(deny) = change.deny {
            self.deny = deny;
        }
        if let Some(down) = change.down {
            self.down = down;
        }
    }
}

/// A setting of the stand-in.
#[expect(
    clippy::disallowed_methods,
    reason = "a test program, not a service with settings"
)]
pub(crate) fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}
