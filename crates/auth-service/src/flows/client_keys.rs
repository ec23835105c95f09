//! The public keys that a client signs its assertions with (RFC 7591 section 2, `jwks` and
//! `jwks_uri`; RFC 7517 section 5). Those at an address of its own are fetched behind the back of
//! requests, and kept in memory and in the store.

use std::sync::Arc;

use token_core::ClientId;
use token_core::client::{Client, ClientCredential, ClientKeys};
use token_core::jose::TokenError;
use token_core::keys::ForeignKeys;
use token_core::secret::SecretHash;
use token_core::store::StoreError;

use super::clients::{being_fetched, remembered};
use super::errands::{Errand, Patience};
use super::remote::RemoteFault;
use super::{Context, OAuthFailure};

mod cache;

use cache::Standing;
pub(super) use cache::{KeyCache, Reason};

const MAX_BYTES: usize = 64 * 1024;

/// An assertion, and whose it says it is.
pub(super) struct Presented<'a> {
    pub(super) client_id: &'a ClientId,
    pub(super) keys: &'a ClientKeys,
    pub(super) assertion: &'a str,
}

/// What came of a look at an assertion with the keys that are known.
enum Judged<T> {
    /// It is good or not: newer keys would change nothing.
    Finally(Result<T, TokenError>),
    /// The owner of the keys is to be asked first.
    Ask(Reason),
}

/// Judges an assertion by the keys of its client, which `verify` is given. Where they must be
/// fetched first, a caller without patience is told to come again, and finds them then.
pub(super) async fn judged<T>(
    context: &Context,
    presented: &Presented<'_>,
    patience: Patience,
    verify: impl Fn(&ForeignKeys) -> Result<T, TokenError>,
) -> Result<Result<T, TokenError>, OAuthFailure> {
    let client_id = presented.client_id;
    let uri = match presented.keys {
        ClientKeys::Jwks(json) => return Ok(verify(read(json.as_bytes())?.as_ref())),
        ClientKeys::JwksUri(uri) => uri,
    };
    let key = named_key(presented.assertion);
    let reason = match judge(context, client_id, uri, &key, &verify).await? {
        Judged::Finally(outcome) => return Ok(outcome),
        Judged::Ask(reason) => reason,
    };
    if patience == Patience::None {
        context.clients.errands.add(Errand::keys(client_id, reason));
        return Err(being_fetched());
    }
    fetch(context, client_id, uri, reason).await;
    match judge(context, client_id, uri, &key, &verify).await? {
        Judged::Finally(outcome) => Ok(outcome),
        Judged::Ask(_) => Err(RemoteFault::Unreachable.into()),
    }
}

async fn judge<T>(
    context: &Context,
    client_id: &ClientId,
    uri: &str,
    key: &SecretHash,
    verify: &impl Fn(&ForeignKeys) -> Result<T, TokenError>,
) -> Result<Judged<T>, OAuthFailure> {
    let now = context.now();
    let known = &context.clients.keys;
    match recalled(context, client_id, uri).await? {
        Standing::Unknown => Ok(Judged::Ask(Reason::Age)),
        Standing::Refused(fault) => Err(fault.into()),
        Standing::Known { keys, old } => {
            if old {
                let again = Errand::keys(client_id, Reason::Age);
                context.clients.errands.add(again);
            }
            match verify(&keys) {
                Err(TokenError::UnknownKey) if !known.has_not(client_id, key, now) => {
                    Ok(Judged::Ask(Reason::Missed))
                }
                outcome => Ok(Judged::Finally(outcome)),
            }
        }
    }
}

/// What is known here, and else in the store.
async fn recalled(
    context: &Context,
    client_id: &ClientId,
    uri: &str,
) -> Result<Standing, StoreError> {
    let (known, now) = (&context.clients.keys, context.now());
    let standing = known.standing(client_id, uri, now);
    if !matches!(standing, Standing::Unknown) {
        return Ok(standing);
    }
    let stored = context.store.key_set(client_id, now).await?;
    if let Some(set) = stored.filter(|set| set.jwks_uri == uri) {
        known.adopt(set, now);
    }
    Ok(known.standing(client_id, uri, now))
}

/// Stands for the key that an assertion names: by its header, which says nothing else.
pub(super) fn named_key(assertion: &str) -> SecretHash {
    let (header, _) = assertion.split_once('.').unwrap_or((assertion, ""));
    SecretHash::of(header)
}

fn read(json: &[u8]) -> Result<Arc<ForeignKeys>, RemoteFault> {
    ForeignKeys::from_jwks_json(json)
        .map(Arc::new)
        .map_err(|_| RemoteFault::Refused("jwks has no usable key"))
}

/// Where the keys of a client are, if it keeps them at an address.
pub(super) fn jwks_uri(client: &Client) -> Option<&str> {
    match &client.credential {
        ClientCredential::PrivateKeyJwt {
            keys: ClientKeys::JwksUri(uri),
        }
        | ClientCredential::NoneOrPrivateKeyJwt {
            keys: ClientKeys::JwksUri(uri),
        } => Some(uri),
        _ => None,
    }
}

/// Fetches the keys of a client, where its owner was not asked a moment ago, and tells the store.
async fn fetch(context: &Context, client_id: &ClientId, uri: &str, reason: Reason) {
    let known = &context.clients.keys;
    let Some(question) = known.ask(client_id, uri, reason, context.now()) else {
        return;
    };
    let answer = context.clients.remote.get(uri).await.and_then(|answer| {
        let json = answer.json(MAX_BYTES)?;
        Ok((read(json)?, String::from_utf8_lossy(json).into_owned()))
    });
    if let Err(fault) = &answer {
        tracing::warn!(%client_id, %fault, "the keys of a client were not taken");
    }
    question.answered(answer);
    let told = match is_let_in(context, client_id).await {
        Ok(true) => tell_store(context, client_id).await,
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = told {
        tracing::warn!(%client_id, %error, "the store has an older state of a client's keys");
    }
}

/// Whether the store keeps the keys of a client: one of the operator's, or that somebody let in.
/// Others could fill it.
async fn is_let_in(context: &Context, client_id: &ClientId) -> Result<bool, StoreError> {
    if context
        .clients
        .settings
        .pre_registered
        .find(client_id)
        .is_some()
    {
        return Ok(true);
    }
    let stored = context.store.client(client_id, context.now()).await?;
    Ok(stored.is_some_and(|client| {
        client.used || client_id.document_url().is_some() || !client.own_services.is_empty()
    }))
}

async fn tell_store(context: &Context, client_id: &ClientId) -> Result<(), StoreError> {
    let now = context.now();
    match context.clients.keys.record(client_id, now) {
        Some(set) => context.store.put_key_set(&set, now).await,
        None => Ok(()),
    }
}

/// Makes sure that the keys of a client are known, here and in the store: somebody lets it in, and
/// is waiting, so that its token requests need not.
pub(super) async fn keep(context: &Context, client: &Client) -> Result<(), StoreError> {
    let Some(uri) = jwks_uri(client) else {
        return Ok(());
    };
    let client_id = &client.client_id;
    let standing = recalled(context, client_id, uri).await?;
    if !matches!(standing, Standing::Known { old: false, .. }) {
        fetch(context, client_id, uri, Reason::Age).await;
    }
    tell_store(context, client_id).await
}

/// Fetches the keys of a client again, if it is there still and keeps them at an address.
pub(super) async fn renew(context: &Context, client_id: &ClientId, reason: Reason) {
    match remembered(context, client_id).await {
        Ok(client) => match client.as_ref().and_then(jwks_uri) {
            Some(uri) => fetch(context, client_id, uri, reason).await,
            None => context.clients.keys.forget(client_id),
        },
        Err(error) => tracing::warn!(%client_id, %error, "the keys of a client are not renewed"),
    }
}

/// Takes in what the store has of a client's keys.
pub(super) async fn recall(context: &Context, client_id: &ClientId) -> Result<(), StoreError> {
    let client = remembered(context, client_id).await?;
    if let Some(uri) = client.as_ref().and_then(jwks_uri) {
        recalled(context, client_id, uri).await?;
    }
    Ok(())
}

/// Notes that a client is in use, so that its keys are kept fresh.
pub(super) fn note_use(context: &Context, client_id: &ClientId, of: &ClientKeys) {
    if let ClientKeys::JwksUri(uri) = of {
        context.clients.keys.note_use(client_id, uri, context.now());
    }
}

/// The operator's own clients are always in use.
pub(super) fn note_pre_registered(context: &Context) {
    let clients = &context.clients;
    for client in clients.settings.pre_registered.all() {
        if let Some(uri) = jwks_uri(client) {
            let now = context.now();
            clients.keys.note_use(&client.client_id, uri, now);
        }
    }
}
