//! The person's own page: which clients have access in his name, and the end of it. What ends ends
//! as by `/revoke`: the whole grant, and every verifier hears of it.
//!
//! Who is signed in is in a cookie, sealed, for a quarter of an hour and without renewal: the store
//! keeps nothing of it, and who leaves a browser open leaves this page closed soon. Each form is
//! bound to the cookie with which it was shown (CSRF).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::Session;
use token_core::{ClientId, GrantId, Seconds, Timestamp, UserId, Username};

use super::revocation::end_grant;
use super::{Context, OAuthFailure, clients};
use crate::identity::Person;

/// How long a sign-in to this page holds. Then the person signs in again.
pub const LIFETIME: Seconds = Seconds(900);

/// Who is signed in, as the cookie holds it, sealed.
#[derive(Serialize, Deserialize)]
pub struct SignedInPerson {
    /// The person.
    pub user_id: UserId,
    /// The login name at sign-in.
    pub username: Username,
    expires_at: Timestamp,
}

/// What a form carries, sealed: the cookie that it was shown with.
#[derive(Serialize, Deserialize)]
struct Ticket {
    cookie: SecretHash,
    expires_at: Timestamp,
}

/// What was done, for the page that follows, sealed.
#[derive(Serialize, Deserialize)]
struct Notice {
    cookie: SecretHash,
    ended: usize,
}

/// A client and what it has of this person.
pub struct ConnectedClient {
    /// Its identifier.
    pub client_id: ClientId,
    /// The client, where it is still known.
    pub client: Option<Client>,
    /// What it has, what was approved last first; and when each was last used, where that is kept.
    pub sessions: Vec<(Session, Option<Timestamp>)>,
}

/// Lets a person in whom the identity provider has named: the cookie's value. `None` where he is
/// not admitted.
pub fn enter(context: &Context, person: &Person) -> Result<Option<String>, OAuthFailure> {
    if !context.admits(&person.user_id, &person.username) {
        context.record(&AuditEvent::AuthFailure {
            reason: FailureReason::NotAdmitted,
            client_id: None,
            user_id: Some(person.user_id.clone()),
        });
        return Ok(None);
    }
    let signed_in = SignedInPerson {
        user_id: person.user_id.clone(),
        username: person.username.clone(),
        expires_at: context.now().plus(LIFETIME),
    };
    let (sealer, entropy) = (&context.sealing.account, context.entropy.as_ref());
    let cookie = sealer.seal(&signed_in, entropy)?;
    context.record(&AuditEvent::AccountOpened {
        user_id: signed_in.user_id,
    });
    Ok(Some(cookie))
}

/// The person whom a cookie names: for as long as it is good, and he is admitted.
pub fn signed_in(context: &Context, cookie: &str) -> Option<SignedInPerson> {
    let person: SignedInPerson = context.sealing.account.open(cookie).ok()?;
    let holds = !person.expires_at.has_passed(context.now())
        && context.admits(&person.user_id, &person.username);
    holds.then_some(person)
}

/// What a form carries that is shown to the browser with this cookie.
pub fn ticket(context: &Context, cookie: &str) -> Result<String, OAuthFailure> {
    let ticket = Ticket {
        cookie: SecretHash::of(cookie),
        expires_at: context.now().plus(LIFETIME),
    };
    let (sealer, entropy) = (&context.sealing.account_form, context.entropy.as_ref());
    Ok(sealer.seal(&ticket, entropy)?)
}

/// Whether a form was shown with this cookie, and lately.
pub fn is_own_form(context: &Context, ticket: &str, cookie: &str) -> bool {
    let ticket: Option<Ticket> = context.sealing.account_form.open(ticket).ok();
    let own = ticket.is_some_and(|ticket| {
        ticket.cookie == SecretHash::of(cookie) && !ticket.expires_at.has_passed(context.now())
    });
    if !own {
        context.record(&AuditEvent::AuthFailure {
            reason: FailureReason::ConsentForged,
            client_id: None,
            user_id: None,
        });
    }
    own
}

/// The clients that have something of this person, in the order of their names.
pub async fn connected_clients(
    context: &Context,
    person: &SignedInPerson,
) -> Result<Vec<ConnectedClient>, OAuthFailure> {
    let now = context.now();
    let sessions = context.store.user_sessions(&person.user_id, now).await?;
    let grants: Vec<_> = sessions.iter().map(|own| own.grant.clone()).collect();
    let last_used = context.store.sessions_last_used(&grants).await?;
    let mut by_client: BTreeMap<ClientId, Vec<_>> = BTreeMap::new();
    for (session, used) in sessions.into_iter().zip(last_used) {
        let own = by_client.entry(session.client_id.clone()).or_default();
        own.push((session, used));
    }
    let mut connected = Vec::new();
    for (client_id, mut sessions) in by_client {
        sessions.sort_by_key(|(session, _)| std::cmp::Reverse(session.approved_at));
        let client = clients::remembered(context, &client_id).await?;
        connected.push(ConnectedClient {
            client_id,
            client,
            sessions,
        });
    }
    let name = |own: &ConnectedClient| own.client.as_ref().and_then(|own| own.client_name.clone());
    connected.sort_by_cached_key(|own| name(own).map(|name| name.to_lowercase()));
    Ok(connected)
}

/// Ends one grant, if it is this person's; how many that were. Nobody learns whose another is.
pub async fn end(
    context: &Context,
    person: &SignedInPerson,
    grant: &GrantId,
) -> Result<usize, OAuthFailure> {
    let own = context.store.user_grants(&person.user_id, context.now());
    let ended: Vec<_> = own.await?.into_iter().filter(|own| own == grant).collect();
    withdraw(context, person, &ended).await
}

/// Ends all that this person gave, also what no client has fetched yet; of how many that clients
/// had.
pub async fn end_all(context: &Context, person: &SignedInPerson) -> Result<usize, OAuthFailure> {
    let now = context.now();
    let sessions = context.store.user_sessions(&person.user_id, now).await?;
    let grants = context.store.user_grants(&person.user_id, now).await?;
    withdraw(context, person, &grants).await?;
    Ok(sessions.len())
}

/// Ends what has not ended yet; how many that were.
async fn withdraw(
    context: &Context,
    person: &SignedInPerson,
    grants: &[GrantId],
) -> Result<usize, OAuthFailure> {
    let mut ended = 0;
    for grant in grants {
        if end_grant(context, grant, context.now()).await? {
            ended += 1;
            context.record(&AuditEvent::AccessWithdrawn {
                user_id: person.user_id.clone(),
                grant: grant.clone(),
            });
        }
    }
    Ok(ended)
}

/// What the next page is to say, which nobody else can have it say.
pub fn notice(context: &Context, cookie: &str, ended: usize) -> Result<String, OAuthFailure> {
    let notice = Notice {
        cookie: SecretHash::of(cookie),
        ended,
    };
    let (sealer, entropy) = (&context.sealing.account_notice, context.entropy.as_ref());
    Ok(sealer.seal(&notice, entropy)?)
}

/// How many the form before this page ended, if it says so to this very sign-in.
pub fn ended(context: &Context, cookie: &str, notice: &str) -> Option<usize> {
    let notice: Notice = context.sealing.account_notice.open(notice).ok()?;
    (notice.cookie == SecretHash::of(cookie)).then_some(notice.ended)
}
