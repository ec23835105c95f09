//! What every flow may use of the world.

use std::sync::Arc;

use token_core::admission::Admission;
use token_core::audit::{AuditEvent, AuditSink};
use token_core::keys::LiveKeys;
use token_core::live::Live;
use token_core::sealing::{KeyedHash, RootSecret, SealError, Sealer};
use token_core::store::Store;
use token_core::{Clock, Entropy, Issuer, Seconds, Services, Timestamp, UserId, Username};

use super::clients::Clients;
use super::device_authorization::{self, UserCodeAttempts};
use super::discoveries::Discoveries;
use super::jwt_bearer_grant::TrustedProvider;
use crate::identity::IdentityProvider;

/// The authorization server's configuration and its ways to the world.
pub struct Context {
    /// Who we are.
    pub issuer: Issuer,
    /// What we guard.
    pub services: Services,
    /// Who may come in.
    pub admission: Arc<Live<Admission>>,
    /// Who says who somebody is.
    pub identity: IdentityProvider,
    /// Which clients there may be.
    pub clients: Clients,
    /// Whose assertions of people are taken, if anybody's.
    pub id_jag: Option<TrustedProvider>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// What signs access tokens: it changes while the process runs.
    pub keys: Arc<LiveKeys>,
    /// What seals forms and cookies.
    pub sealing: Sealing,
    /// Who has read a metadata document lately.
    pub discoveries: Discoveries,
    /// The wrong user codes that were typed lately.
    pub user_code_attempts: UserCodeAttempts,
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// Where events go.
    pub audit: Arc<dyn AuditSink>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Context {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether this person may come in now.
    pub(crate) fn admits(&self, user: &UserId, username: &Username) -> bool {
        self.admission.current().admits(user, username)
    }

    pub(crate) fn record(&self, event: &AuditEvent) {
        self.audit.record(event);
    }
}

/// The longest that an authorization code may live (OAuth 2.1 section 4.1.2).
pub const MAX_CODE_LIFETIME: Seconds = Seconds(600);

/// Lifetimes in seconds, as the contract names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A request that was not approved yet (`SESSION_TIMEOUT`).
    pub session: Seconds,
    /// A sign-in at the identity provider (`STATE_LIFETIME`).
    pub state: Seconds,
    /// An authorization code (`CODE_LIFETIME`), at most [`MAX_CODE_LIFETIME`].
    pub code: Seconds,
    /// An access token (`ACCESS_TOKEN_LIFETIME`).
    pub access_token: Seconds,
    /// A refresh token (`REFRESH_TOKEN_LIFETIME`).
    pub refresh_token: Seconds,
    /// How long a replaced refresh token gets the same answer again (`REFRESH_GRACE`).
    pub refresh_grace: Seconds,
    /// A client since its last use (`CLIENT_LIFETIME`); `None` for ever.
    pub client: Option<Seconds>,
}

impl Lifetimes {
    /// Until when the mark of a grant that ends at `now` must stay whatever the store has of it:
    /// what was approved may wait for as long as a code or a device may, and tokens that are on
    /// their way to the store live as long as tokens do.
    pub fn grant_mark(&self, now: Timestamp) -> Timestamp {
        let waits = MAX_CODE_LIFETIME.max(device_authorization::LIFETIME);
        now.plus(waits.max(self.access_token).max(self.refresh_token))
    }
}

/// The keys derived from the root secret, one for each purpose.
pub struct Sealing {
    /// Seals the request that a consent form carries.
    pub(crate) consent: Sealer,
    /// Seals the code that the success page shows.
    pub(crate) success: Sealer,
    /// Seals the cookie of who is signed in to the account page.
    pub(crate) account: Sealer,
    /// Seals what the forms of the account page carry.
    pub(crate) account_form: Sealer,
    /// Seals what the account page says was done.
    pub(crate) account_notice: Sealer,
    /// Derives the PKCE verifier towards the identity provider from `state`.
    pub(crate) upstream_pkce: KeyedHash,
    /// Hashes the user codes of devices.
    pub(crate) user_code: KeyedHash,
}

impl Sealing {
    /// Derives every key.
    pub fn derive(root: &RootSecret) -> Result<Self, SealError> {
        Ok(Self {
            consent: root.sealer("consent form")?,
            success: root.sealer("success page")?,
            account: root.sealer("account session")?,
            account_form: root.sealer("account form")?,
            account_notice: root.sealer("account notice")?,
            upstream_pkce: root.keyed_hash("upstream pkce")?,
            user_code: root.keyed_hash("user code")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_outlives_what_was_approved_under_longer_lifetimes() {
        let short = Seconds(60);
        let lifetimes = Lifetimes {
            session: short,
            state: short,
            code: short,
            access_token: short,
            refresh_token: Seconds(90),
            refresh_grace: short,
            client: None,
        };
        let now = Timestamp(1_800_000_000);
        assert_eq!(lifetimes.grant_mark(now), now.plus(Seconds(600)));
        let long = Lifetimes {
            refresh_token: Seconds(3600),
            ..lifetimes
        };
        assert_eq!(long.grant_mark(now), now.plus(Seconds(3600)));
    }
}
