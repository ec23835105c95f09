//! What is kept where. The braces are part of the keys: they say what belongs to one grant (and
//! Redis Cluster would place a key by what is between them).
//!
//! | key | value |
//! |---|---|
//! | `oauth:client:ID` | hash: what `scripts/clients.lua` says |
//! | `oauth:clients` | sorted set: the keys of all clients, by expiry |
//! | `oauth:unused_clients` | sorted set: the keys of those never used, by registration |
//! | `oauth:deleted_client:ID` | a [`value`](super::value), `deleted`: the mark of a client that was deleted |
//! | `oauth:client_keys:ID` | JSON of a client's keys as they were fetched |
//! | `oauth:clients_with_keys` | sorted set: the ids of the clients that have these, by expiry; an entry may outlive its keys |
//! | `oauth:state:HASH` | JSON of a sign-in under way |
//! | `oauth:code:{GRANT}.HASH` | a [`value`](super::value), `live` or `used`; a used one keeps its record, for the operator |
//! | `oauth:token:{GRANT}.REST` | a value, `live`; present means active |
//! | `oauth:refresh:{GRANT}.HASH` | a value, `live` or `replaced` |
//! | `oauth:grace:{GRANT}.HASH` | a value, `live`: the sealed answer; gone when the grace is |
//! | `oauth:revoked:{GRANT}.REST` | a value, `revoked`: the token's mark |
//! | `oauth:revoked:{GRANT}` | a value, `ended`: the grant's mark |
//! | `oauth:grant:{GRANT}` | sorted set: the keys that end with the grant, by expiry |
//! | `oauth:user_tokens:SUB`, `oauth:client_tokens:ID` | sorted sets: `jti` by expiry; an entry may outlive its token |
//! | `oauth:client_grants:ID` | sorted set: grant ids by the expiry of their last token |
//! | `oauth:user_grants:SUB` | the same, from the approval on; an entry may outlive its grant |
//! | `oauth:device:{device}.HASH` | hash: what `scripts/devices.lua` says |
//! | `oauth:user_code:{device}.HASH` | a value, `live`: the key of its device |
//! | `oauth:par:HASH` | JSON of a pushed request |
//! | `oauth:used:HASH` | a value, `used` |
//! | `oauth:retired_keys` | sorted set: the `kid`s of keys that were taken back, by when their last token would have expired |
//! | `oauth:last_used:{GRANT}.REST`, `oauth:last_used:{GRANT}` | when a token, and when anything of a session, was last used |
//! | `oauth:audit`, `oauth:audit:verifier` | streams: the audit trail, the second what the verifier writes |
//! | `oauth:reload` | a number that grows when settings are to be read again |
//!
//! The device keys have one place among them, so that one script can reach both. A client and the
//! two sets of clients have not, nor has a grant with its client and the indexes, which
//! `scripts/grants.lua` reaches in one step: these scripts need a single node (or Sentinel), which
//! is all that the connections here speak to.

use token_core::secret::{SecretHash, SecretKey};
use token_core::{ClientId, GrantId, Jti, UserId};

const CLIENT: &str = "oauth:client:";
const DELETED_CLIENT: &str = "oauth:deleted_client:";

pub(super) fn client(id: &ClientId) -> String {
    [CLIENT, id.as_str()].concat()
}

/// Whether this is the key of a client.
pub(super) fn is_client(key: &str) -> bool {
    key.starts_with(CLIENT)
}

/// The key of the mark that the client at this key was deleted.
pub(super) fn deletion_of(client: &str) -> String {
    let id = client.strip_prefix(CLIENT).unwrap_or(client);
    format!("{DELETED_CLIENT}{id}")
}

/// The client whose deletion this is the mark of.
pub(super) fn deleted_client(key: &str) -> Option<&str> {
    key.strip_prefix(DELETED_CLIENT)
}

pub(super) fn clients() -> &'static str {
    "oauth:clients"
}

pub(super) fn unused_clients() -> &'static str {
    "oauth:unused_clients"
}

pub(super) fn client_keys(id: &ClientId) -> String {
    format!("oauth:client_keys:{id}")
}

pub(super) fn clients_with_keys() -> &'static str {
    "oauth:clients_with_keys"
}

pub(super) fn sign_in(state: &SecretHash) -> String {
    format!("oauth:state:{state}")
}

/// Put together and not formatted, which takes one allocation.
fn of_grant(what: &str, grant: &GrantId, rest: &str) -> String {
    ["oauth:", what, ":{", grant.as_str(), "}.", rest].concat()
}

pub(super) fn code(key: &SecretKey) -> String {
    of_grant("code", &key.grant, &key.hash.to_string())
}

pub(super) fn token(jti: &Jti) -> String {
    of_grant("token", &jti.grant(), jti.rest())
}

pub(super) fn refresh_token(key: &SecretKey) -> String {
    of_grant("refresh", &key.grant, &key.hash.to_string())
}

pub(super) fn grace(key: &SecretKey) -> String {
    of_grant("grace", &key.grant, &key.hash.to_string())
}

pub(super) fn revoked_token(jti: &Jti) -> String {
    of_grant("revoked", &jti.grant(), jti.rest())
}

pub(super) fn ended_grant(grant: &GrantId) -> String {
    ["oauth:revoked:{", grant.as_str(), "}"].concat()
}

pub(super) fn members(grant: &GrantId) -> String {
    ["oauth:grant:{", grant.as_str(), "}"].concat()
}

pub(super) fn user_tokens(user: &UserId) -> String {
    ["oauth:user_tokens:", user.as_str()].concat()
}

pub(super) fn client_tokens(client: &ClientId) -> String {
    ["oauth:client_tokens:", client.as_str()].concat()
}

pub(super) fn client_grants(client: &ClientId) -> String {
    ["oauth:client_grants:", client.as_str()].concat()
}

pub(super) fn user_grants(user: &UserId) -> String {
    ["oauth:user_grants:", user.as_str()].concat()
}

pub(super) fn device(device_code: &SecretHash) -> String {
    format!("oauth:device:{{device}}.{device_code}")
}

pub(super) fn user_code(user_code: &SecretHash) -> String {
    format!("oauth:user_code:{{device}}.{user_code}")
}

pub(super) fn pushed_request(request_uri: &SecretHash) -> String {
    format!("oauth:par:{request_uri}")
}

pub(super) fn used(thing: &SecretHash) -> String {
    format!("oauth:used:{thing}")
}

pub(super) fn retired_keys() -> &'static str {
    "oauth:retired_keys"
}

pub(super) fn reload() -> &'static str {
    "oauth:reload"
}

pub(super) fn token_use(jti: &Jti) -> String {
    of_grant("last_used", &jti.grant(), jti.rest())
}

pub(super) fn session_use(grant: &GrantId) -> String {
    format!("oauth:last_used:{{{grant}}}")
}

pub(super) fn audit() -> &'static str {
    "oauth:audit"
}

pub(super) fn verifier_audit() -> &'static str {
    "oauth:audit:verifier"
}

/// Whether this key's value is an index of tokens or grants.
pub(super) fn is_index(key: &str) -> bool {
    [
        "oauth:user_tokens:",
        "oauth:client_tokens:",
        "oauth:client_grants:",
        "oauth:user_grants:",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}

/// The grant that this key belongs to.
pub(super) fn grant_of(key: &str) -> Option<GrantId> {
    let (_, rest) = key.split_once(":{")?;
    GrantId::parse(rest.split_once('}')?.0).ok()
}

/// The `jti` of the token that is kept under this key.
pub(super) fn jti_of_token(key: &str) -> Option<String> {
    let (grant, rest) = key.strip_prefix("oauth:token:{")?.split_once("}.")?;
    Some(format!("{grant}.{rest}"))
}

/// The `jti` of the access token whose own mark this is; `None` where it is a grant's.
pub(super) fn jti_of_mark(key: &str) -> Option<String> {
    let (grant, rest) = key.strip_prefix("oauth:revoked:{")?.split_once("}.")?;
    Some(format!("{grant}.{rest}"))
}
