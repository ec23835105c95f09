//! An access token for a script or a job: like every other, with a client of its own that is its
//! name. Nobody signs in for it, nothing renews it, and the verifier has no second way for it.

use std::error::Error;
use std::io;
use std::path::Path;
use std::str::FromStr;

use clap::Args;
use serde::Serialize;
use token_core::admission::machine;
use token_core::audit::{Actor, OperatorAct, OperatorAction};
use token_core::keys::{KeyRing, SigningKey};
use token_core::secret::AccessToken;
use token_core::store::{IssueOutcome, IssuedTokens, TokenRecord};
use token_core::{
    ClientId, GrantId, Jti, ResourceId, Scopes, Seconds, SystemEntropy, Timestamp, Username,
};
use token_store::key_directory;

use super::output::{Output, remark};
use super::selection;
use super::system::System;
use super::when::{distance, minute, parse_length};

/// No registered client has such an identifier: theirs are base64url.
pub(super) const PREFIX: &str = "minted:";

/// A year and a day. A token for ever is one that nobody remembers.
const LONGEST: Seconds = Seconds(366 * 86_400);

#[derive(Args)]
pub(crate) struct Mint {
    /// Its name, by which it is listed: 1 to 64 letters, digits, dots, hyphens and underscores
    name: Name,
    /// The one service that it opens; may be left out where there is one only
    #[arg(long)]
    service: Option<String>,
    /// How long it lives, such as 90d, 12h or 30min; at most 366d
    #[arg(long, value_parser = lifetime)]
    lifetime: Seconds,
    /// The token with what it is, as one JSON object
    #[arg(long)]
    json: bool,
}

/// A token's name.
#[derive(Debug, Clone)]
struct Name(String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a name has 1 to 64 letters, digits, dots, hyphens and underscores")
        }
    }
}

fn lifetime(text: &str) -> Result<Seconds, String> {
    let length = parse_length(text)?;
    if length > LONGEST {
        return Err(format!(
            "{text} is more than 366d: mint another before it ends"
        ));
    }
    Ok(length)
}

#[derive(Serialize)]
struct Minted<'a> {
    access_token: &'a str,
    client_id: &'a ClientId,
    jti: &'a Jti,
    resource: &'a ResourceId,
    scope: &'a Scopes,
    expires_at: Timestamp,
}

pub(crate) async fn run(system: &System, mint: &Mint) -> Result<(), Box<dyn Error>> {
    let now = system.now();
    let record = record(system, mint, now)?;
    let key = signing_key(system, &record, now)?;
    let token = record.claims(system.issuer.clone()).sign(&key)?;
    let tokens = IssuedTokens {
        token: record,
        refresh: None,
        client_is_stored: false,
    };
    match system.store.issue_tokens(&tokens, now).await? {
        IssueOutcome::Issued => {}
        IssueOutcome::GrantEnded | IssueOutcome::ClientGone => {
            return Err("the store refuses a grant that is new".into());
        }
    }
    system
        .record(act(&tokens.token, OperatorAction::MintToken))
        .await;
    if let Err(error) = hand_out(&tokens.token, &token, mint.json) {
        return Err(taken_back(system, &tokens.token, &error).await?.into());
    }
    if mint.json {
        return Ok(());
    }
    tell(system, &tokens.token)
}

/// A token that nobody has must not open anything.
async fn taken_back(
    system: &System,
    record: &TokenRecord,
    error: &io::Error,
) -> Result<String, Box<dyn Error>> {
    let now = system.now();
    let grant = record.jti.grant();
    let ends = record.expires_at;
    system.store.end_grant(&grant, now, ends).await?;
    system
        .record(act(record, OperatorAction::DeleteTokens))
        .await;
    Ok(format!(
        "the token could not be written ({error}), and was revoked"
    ))
}

fn record(system: &System, mint: &Mint, now: Timestamp) -> Result<TokenRecord, Box<dyn Error>> {
    let resource = match &mint.service {
        Some(service) => service_here(system, service)?,
        None => system
            .services
            .implied(None)
            .cloned()
            .ok_or("there are several services: say which by --service")?,
    };
    let client_id = ClientId::parse(format!("{PREFIX}{}", mint.name.0))?;
    let entropy = SystemEntropy::new();
    Ok(TokenRecord {
        jti: Jti::generate(&GrantId::generate(&entropy)?, &entropy)?,
        user_id: machine(&client_id).ok_or("the name is too long")?,
        username: Username::parse(mint.name.0.as_str())?,
        client_id,
        resource,
        scope: Scopes::from_request(None),
        issued_at: now,
        expires_at: now.plus(mint.lifetime),
    })
}

/// What is no service any more opens nothing.
fn service_here(system: &System, service: &str) -> Result<ResourceId, Box<dyn Error>> {
    let resource = selection::resource(system, service)?;
    if system.services.name(&resource).is_none() {
        return Err(format!("{resource} is no service here").into());
    }
    Ok(resource)
}

/// The active key. Where it is replaced, it is published until this token has expired.
fn signing_key(
    system: &System,
    record: &TokenRecord,
    now: Timestamp,
) -> Result<SigningKey, Box<dyn Error>> {
    let directory: &Path = &system.signing_keys;
    let files = key_directory::load(directory)?;
    let dated = files.iter().map(|file| file.dated.clone()).collect();
    let ring = KeyRing::new(dated, system.lifetimes.access_token);
    let active = ring.ok_or("there is no key")?.at(now).active;
    let of_active = files
        .iter()
        .find(|file| file.dated.key.kid() == active.kid());
    let file = of_active.ok_or("the active key has no file")?;
    if record.expires_at > now.plus(system.lifetimes.access_token) {
        key_directory::keep_until(file, record.expires_at)?;
    }
    Ok(active)
}

fn act(record: &TokenRecord, action: OperatorAction) -> OperatorAct {
    OperatorAct {
        actor: Actor::Operator,
        action,
        client_id: Some(record.client_id.clone()),
        user_ids: Vec::new(),
        resource: Some(record.resource.clone()),
        grant: None,
        jti: Some(record.jti.clone()),
        registrations: 0,
        grants: 0,
        access_tokens: 1,
    }
}

/// The token alone goes to standard output, once: it is kept nowhere.
fn hand_out(record: &TokenRecord, token: &AccessToken, json: bool) -> io::Result<()> {
    let mut output = Output::new();
    if json {
        output.json(&Minted {
            access_token: token.expose(),
            client_id: &record.client_id,
            jti: &record.jti,
            resource: &record.resource,
            scope: &record.scope,
            expires_at: record.expires_at,
        })?;
    } else {
        output.line(token.expose())?;
    }
    output.flush()
}

fn tell(system: &System, record: &TokenRecord) -> Result<(), Box<dyn Error>> {
    let ends = record.expires_at;
    remark(&format!(
        "A token for {}, good until {} UTC ({}). It is shown this once.\n\
         Listed as {}; `sessions revoke --client {}` ends it.",
        system.service(&record.resource),
        minute(ends),
        distance(ends, system.now()),
        record.client_id,
        record.client_id
    ))?;
    Ok(())
}
