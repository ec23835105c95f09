//! A million records, fast: the store writes one grant by its own code, and what it wrote is
//! written again with other identifiers. So the representation is the store's, whatever it is.

use ring::digest::{SHA256, digest};
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::secret::{RefreshToken, SecretHash};
use token_core::store::{IssuedTokens, RefreshRecord, Store};
use token_core::{ClientId, Clock as _, GrantId, Jti, RedirectUri, Seconds, SystemClock, UserId};

use crate::Outcome;
use crate::mint::{Mint, Minted};

pub mod redis;
pub mod sqlite;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The identifiers of one grant of a client to a person, with a token and a refresh token, all
/// made from a number. They have the lengths of real ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifiers {
    grant: String,
    jti: String,
    refresh: String,
    client: String,
    user: String,
}

impl Identifiers {
    /// Those of a number.
    pub fn of(number: u64) -> Self {
        let grant = text("grant", number, 22);
        Self {
            jti: format!("{grant}.{}", text("jti", number, 22)),
            refresh: format!("{grant}.{}", text("refresh", number, 43)),
            client: text("client", number, 43),
            user: format!("github|{}", 10_000_000 + number),
            grant,
        }
    }

    /// The same, where so many numbers, one after the other, are of the same client and person.
    pub fn of_each(number: u64, tokens: u64) -> Self {
        let bearer = Self::of(number / tokens.max(1));
        Self {
            client: bearer.client,
            user: bearer.user,
            ..Self::of(number)
        }
    }

    /// The same, where every number is of one client and one person.
    pub fn of_one(number: u64) -> Self {
        Self::of_each(number, u64::MAX)
    }

    /// The token with these identifiers.
    pub fn minted(&self, mint: &Mint) -> Outcome<Minted> {
        let mut grant = mint.grant(ClientId::parse(self.client.as_str())?)?;
        grant.id = GrantId::parse(self.grant.as_str())?;
        grant.user_id = UserId::parse(self.user.as_str())?;
        mint.token(&grant, Jti::parse(self.jti.as_str())?)
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> &str {
        &self.refresh
    }

    /// The client.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The person.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether this names the client or the person.
    pub fn names(&self, text: &str) -> bool {
        text == self.client || text == self.user
    }

    /// Each of these with its counterpart, where a store keeps it: the hash of the refresh token,
    /// the grant, the rest of the `jti`, the client, the person.
    fn replacements(&self, other: &Self) -> Outcome<[(String, String); 5]> {
        let hash =
            |token: &str| -> Outcome<String> { Ok(RefreshToken::parse(token)?.hash().to_string()) };
        let rest = |jti: &str| jti.rsplit('.').next().unwrap_or_default().to_owned();
        Ok([
            (self.grant.clone(), other.grant.clone()),
            (rest(&self.jti), rest(&other.jti)),
            (hash(&self.refresh)?, hash(&other.refresh)?),
            (self.client.clone(), other.client.clone()),
            (self.user.clone(), other.user.clone()),
        ])
    }
}

/// As many base64url characters of a hash.
fn text(label: &str, number: u64, length: usize) -> String {
    let hash = digest(&SHA256, format!("{label} {number}").as_bytes());
    let bytes = hash.as_ref().iter().cycle().take(length);
    let characters = bytes.filter_map(|byte| BASE64URL.get(usize::from(byte & 63)));
    characters.copied().map(char::from).collect()
}

/// Writes a client, and a grant with its tokens to it, by the store's own code.
async fn write_one(store: &dyn Store, mint: &Mint, own: &Identifiers) -> Outcome<()> {
    let now = SystemClock.now();
    let client = client(own.client())?;
    store.put_client(&client, now).await?;
    let minted = own.minted(mint)?;
    let mut grant = mint.grant(client.client_id)?;
    grant.id = minted.record.jti.grant();
    grant.user_id = minted.record.user_id.clone();
    let refresh = RefreshRecord {
        key: RefreshToken::parse(own.refresh_token())?.key()?,
        grant,
        expires_at: now.plus(Seconds(30 * 86_400)),
    };
    let tokens = IssuedTokens {
        token: minted.record,
        refresh: Some(refresh),
        client_is_stored: true,
    };
    store.issue_tokens(&tokens, now).await?;
    Ok(())
}

/// A public client that was used.
pub fn client(client_id: &str) -> Outcome<Client> {
    let now = SystemClock.now();
    Ok(Client {
        client_id: ClientId::parse(client_id)?,
        client_name: Some("A client".to_owned()),
        redirect_uris: vec![RedirectUri::parse("http://127.0.0.1:7777/callback")?],
        credential: ClientCredential::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        application_type: ApplicationType::Native,
        scope: None,
        issued_at: now,
        expires_at: Some(now.plus(Seconds(90 * 86_400))),
        used: true,
        registration_tokens: vec![SecretHash::of("a registration token")],
        own_services: Vec::new(),
    })
}

/// A text with each of `from` replaced by its counterpart.
fn renamed(text: &str, replacements: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in replacements {
        if text.contains(from.as_str()) {
            text = text.replace(from.as_str(), to);
        }
    }
    text
}
