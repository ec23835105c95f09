//! Registered clients. What the scripts change of one is beside its record, in fields of the same
//! hash: `scripts/clients.lua` says which.

use ::redis::{Cmd, Script, ScriptInvocation, cmd};
use async_trait::async_trait;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::{ClientStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::store::RedisStore;
use super::value::{Damaged, decode, encode, seconds};
use super::{keys, scripts};

/// The expiry of a client that never expires, in the words of Redis's scores.
const NEVER: &str = "inf";

#[async_trait]
impl ClientStore for RedisStore {
    async fn put_client(&self, client: &Client, now: Timestamp) -> Result<(), StoreError> {
        let mut script = script_for(&scripts::PUT_CLIENT, &client.client_id, now);
        add_client(&mut script, client)?;
        self.script(&script).await.map(|_| ())
    }

    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let fields = self.command(&fields_of(&keys::client(id))).await?;
        let client = put_together(fields, |record| self.records.read(record))?;
        Ok(client.filter(|client| !client.is_expired(now)))
    }
}

/// What the records of clients say that were read last, by their text. Most requests come from a
/// few clients, and to read a record takes longer than all else that is done to find a client.
pub(super) struct Records(Cache<String, Client, Bytes>);

/// How much text of records is kept. In memory a client takes about twice as much
/// again, and five times as much where it has nothing but short redirect URIs.
const KEPT_BYTES: u64 = 1024 * 1024;
const TYPICAL_BYTES: u64 = 512;

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Client> for Bytes {
    fn weight(&self, record: &String, _: &Client) -> u64 {
        record.len() as u64
    }
}

impl Default for Records {
    fn default() -> Self {
        let estimate = usize::try_from(KEPT_BYTES / TYPICAL_BYTES).unwrap_or_default();
        Self(Cache::with_weighter(estimate, KEPT_BYTES, Bytes))
    }
}

impl Records {
    fn read(&self, record: &str) -> Result<Client, StoreError> {
        if let Some(client) = self.0.get(record) {
            return Ok(client);
        }
        let client: Client = decode(record)?;
        self.0.insert(record.to_owned(), client.clone());
        Ok(client)
    }
}

/// The question that [`client_of`] reads the answer to.
pub(super) fn fields_of(key: &str) -> Cmd {
    let mut query = cmd("HMGET");
    query.arg(key).arg(&["record", "expires", "used", "tokens"]);
    query
}

/// The client, expired or not.
pub(super) fn client_of(fields: Fields) -> Result<Option<Client>, StoreError> {
    put_together(fields, decode)
}

fn put_together(
    fields: Fields,
    read: impl FnOnce(&str) -> Result<Client, StoreError>,
) -> Result<Option<Client>, StoreError> {
    let (Some(record), Some(expires), Some(used), Some(tokens)) = fields else {
        return Ok(None);
    };
    Ok(Some(Client {
        expires_at: parse_expiry(&expires)?,
        used: used == "1",
        registration_tokens: parse_tokens(&tokens)?,
        ..read(&record)?
    }))
}

pub(super) type Fields = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// A script about one client, whose further arguments are the caller's to add.
pub(super) fn script_for<'a>(
    script: &'a Script,
    id: &ClientId,
    now: Timestamp,
) -> ScriptInvocation<'a> {
    script_at(script, &keys::client(id), now)
}

/// The same, by the client's key.
pub(super) fn script_at<'a>(script: &'a Script, key: &str, now: Timestamp) -> ScriptInvocation<'a> {
    let mut invocation = script.prepare_invoke();
    invocation
        .key(key)
        .key(keys::clients())
        .key(keys::unused_clients())
        .key(keys::deletion_of(key))
        .arg(seconds(now));
    invocation
}

/// Adds a client as the scripts' `write` takes it.
pub(super) fn add_client(
    script: &mut ScriptInvocation<'_>,
    client: &Client,
) -> Result<(), StoreError> {
    let record = Client {
        expires_at: None,
        used: false,
        registration_tokens: Vec::new(),
        ..client.clone()
    };
    let tokens: Vec<String> = client
        .registration_tokens
        .iter()
        .map(SecretHash::to_string)
        .collect();
    script
        .arg(encode(&record)?)
        .arg(expiry(client.expires_at))
        .arg(u8::from(client.used))
        .arg(tokens.join(" "))
        .arg(seconds(client.issued_at));
    Ok(())
}

/// An expiry as the scripts take it.
pub(super) fn expiry(expires_at: Option<Timestamp>) -> String {
    expires_at.map_or_else(|| NEVER.to_owned(), |at| seconds(at).to_string())
}

fn parse_expiry(text: &str) -> Result<Option<Timestamp>, StoreError> {
    if text == NEVER {
        return Ok(None);
    }
    match text.parse() {
        Ok(at) => Ok(Some(Timestamp(at))),
        Err(_) => Err(StoreError::Corrupt(Damaged.into())),
    }
}

fn parse_tokens(text: &str) -> Result<Vec<SecretHash>, StoreError> {
    text.split_whitespace()
        .map(|hash| SecretHash::try_from(hash.to_owned()))
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Corrupt(error.into()))
}
