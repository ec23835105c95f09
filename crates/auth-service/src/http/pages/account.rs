//! The person's own page.

use actix_web::cookie::time::OffsetDateTime;
use askama::Template;
use token_core::{ClaimedName, Timestamp};

use super::{ScopeInWords, SignInWith};

/// `GET /account` for who is signed in. Its forms post `ticket` to `/account/end` (with `grant`),
/// `/account/end-all` and `/account/sign-out`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The login name at sign-in.
    pub username: String,
    /// Who named the person.
    pub sign_in: SignInWith,
    /// What has access.
    pub apps: Vec<ConnectedApp>,
    /// How many connections the form before ended.
    pub ended: Option<usize>,
    /// What binds the forms to this sign-in.
    pub ticket: String,
    /// How long a sign-in to this page holds.
    pub minutes: u64,
}

impl AccountPage {
    fn connections(&self) -> usize {
        self.apps.iter().map(|app| app.connections.len()).sum()
    }
}

/// `GET /account` for who is not. Its form posts `ticket` to `/account/sign-in`.
#[derive(Template)]
#[template(path = "account_sign_in.html")]
pub struct AccountSignInPage {
    /// Who asks the person to sign in.
    pub sign_in: SignInWith,
    /// What binds the form to this browser.
    pub ticket: String,
}

/// A client and what it has.
pub struct ConnectedApp {
    /// What the client calls itself.
    pub client_name: ClaimedName,
    /// The host that the name comes from, where that is known.
    pub name_from: Option<String>,
    /// What it has.
    pub connections: Vec<Connection>,
}

/// What one sign-in gave a client.
pub struct Connection {
    /// The service's name; empty where there is none any more.
    pub service_name: String,
    /// The service's URL.
    pub service_url: String,
    /// What it may do.
    pub scopes: Vec<ScopeInWords>,
    /// When it was approved, where that was kept.
    pub since: Option<Moment>,
    /// When it was last used, to the minute, where that is kept.
    pub last_used: Option<Moment>,
    /// When it is over.
    pub until: Option<Moment>,
    /// Whether the client can put that off.
    pub renews: bool,
    /// Its identifier.
    pub grant: String,
}

/// A time as a page shows it.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The time.
    pub at: Timestamp,
    /// The present.
    pub now: Timestamp,
}

impl Moment {
    /// `25 November 2026`, of UTC.
    fn date(&self) -> String {
        self.utc().map_or_else(String::new, |at| {
            format!("{} {} {}", at.day(), at.month(), at.year())
        })
    }

    /// As the attribute `datetime` wants it: `2026-11-25T19:46Z`.
    fn machine(&self) -> String {
        self.utc().map_or_else(String::new, |at| {
            let (year, month) = (at.year(), u8::from(at.month()));
            let (hour, minute) = (at.hour(), at.minute());
            format!(
                "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}Z",
                at.day()
            )
        })
    }

    /// How far away it is: `just now`, `3 hours ago`, `in 12 days`.
    fn distance(&self) -> String {
        let (ago, ahead) = (
            self.now.0.saturating_sub(self.at.0),
            self.at.0.saturating_sub(self.now.0),
        );
        let seconds = ago.max(ahead);
        let (number, unit) = match seconds {
            0..60 => return "just now".to_owned(),
            60..3600 => (seconds / 60, "minute"),
            3600..86_400 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        let plural = if number == 1 { "" } else { "s" };
        if ahead > 0 {
            format!("in {number} {unit}{plural}")
        } else {
            format!("{number} {unit}{plural} ago")
        }
    }

    fn utc(&self) -> Option<OffsetDateTime> {
        let seconds = i64::try_from(self.at.0).ok()?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_its_date_and_its_distance() {
        let now = Timestamp(1_800_000_000);
        let told = |at| {
            let at = Timestamp(at);
            (Moment { at, now }.date(), Moment { at, now }.distance())
        };
        let date = "15 January 2027";
        assert_eq!(told(now.0), (date.to_owned(), "just now".to_owned()));
        assert_eq!(told(now.0 - 60).1, "1 minute ago");
        assert_eq!(told(now.0 - 7_200).1, "2 hours ago");
        assert_eq!(told(now.0 + 3 * 86_400 + 5).1, "in 3 days");
        let at = Timestamp(1_800_000_000);
        assert_eq!(Moment { at, now }.machine(), "2027-01-15T08:00Z");
        let at = Timestamp(u64::MAX);
        assert_eq!(Moment { at, now }.date(), "");
    }
}
