//! Access tokens as auth-service makes them, with its own key and the same claims.

use token_core::access_token::AccessTokenClaims;
use token_core::keys::SigningKey;
use token_core::store::{Grant, IssuedTokens, TokenRecord};
use token_core::{
    ClientId, Clock as _, GrantId, Issuer, Jti, ResourceId, Scopes, Seconds, SystemClock,
    SystemEntropy, UserId, Username,
};

use crate::Outcome;
use crate::system::{DOMAIN, LOGIN, SERVICE};

/// Longer than a measurement takes.
const LIFETIME: Seconds = Seconds(86_400);

/// Makes tokens.
#[derive(Debug, Clone)]
pub struct Mint {
    key: SigningKey,
    issuer: Issuer,
    resource: ResourceId,
    user_id: UserId,
    username: Username,
}

/// A token and what the store keeps of it.
#[derive(Debug, Clone)]
pub struct Minted {
    /// What the client presents.
    pub text: String,
    /// What the store keeps.
    pub record: TokenRecord,
}

impl Mint {
    /// With the key of a running auth-service.
    pub fn new(key: SigningKey) -> Outcome<Self> {
        Ok(Self {
            key,
            issuer: Issuer::parse(format!("https://auth.{DOMAIN}"))?,
            resource: ResourceId::parse(format!("https://{SERVICE}.{DOMAIN}/mcp"))?,
            user_id: UserId::parse("github|583231")?,
            username: Username::parse(LOGIN)?,
        })
    }

    /// As the single process at `origin` makes them, where its owner signed in.
    pub fn of_single_process(key: SigningKey, origin: &str) -> Outcome<Self> {
        Ok(Self {
            key,
            issuer: Issuer::parse(origin)?,
            resource: ResourceId::parse(format!("{origin}/mcp"))?,
            user_id: UserId::parse("local|owner")?,
            username: Username::parse("owner")?,
        })
    }

    /// A grant of the person to a client.
    pub fn grant(&self, client_id: ClientId) -> Outcome<Grant> {
        Ok(Grant {
            id: GrantId::generate(&SystemEntropy::new())?,
            client_id,
            user_id: self.user_id.clone(),
            username: self.username.clone(),
            resource: self.resource.clone(),
            scope: Scopes::from_request(Some("mcp")),
            approved_at: None,
        })
    }

    /// A token of a grant with this identifier.
    pub fn token(&self, grant: &Grant, jti: Jti) -> Outcome<Minted> {
        let now = SystemClock.now();
        let record = TokenRecord {
            jti,
            client_id: grant.client_id.clone(),
            user_id: grant.user_id.clone(),
            username: grant.username.clone(),
            resource: grant.resource.clone(),
            scope: grant.scope.clone(),
            issued_at: now,
            expires_at: now.plus(LIFETIME),
        };
        let claims = self.claims(&record);
        let text = claims.sign(&self.key)?.expose().to_owned();
        Ok(Minted { text, record })
    }

    /// A token of a grant of its own, for a client of this name.
    pub fn fresh(&self, client_id: &str) -> Outcome<Minted> {
        let grant = self.grant(ClientId::parse(client_id)?)?;
        let jti = Jti::generate(&grant.id, &SystemEntropy::new())?;
        self.token(&grant, jti)
    }

    /// The claims of a token.
    pub fn claims(&self, record: &TokenRecord) -> AccessTokenClaims {
        record.claims(self.issuer.clone())
    }
}

impl Minted {
    /// The form in which the store takes it, without a refresh token.
    pub fn issued(&self) -> IssuedTokens {
        IssuedTokens {
            token: self.record.clone(),
            refresh: None,
            client_is_stored: false,
        }
    }

    /// The question that Traefik asks about a request with this token: what the shipped
    /// `authRequestHeaders` let through, and what it adds.
    pub fn headers(&self) -> Vec<(String, String)> {
        let host = format!("{SERVICE}.{DOMAIN}");
        [
            ("User-Agent", "mcp-client/1.0"),
            ("Authorization", &format!("Bearer {}", self.text)),
            ("Mcp-Protocol-Version", "2025-06-18"),
            ("X-Forwarded-For", "203.0.113.9"),
            ("X-Forwarded-Host", &host),
            ("X-Forwarded-Method", "POST"),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Server", "edge"),
            ("X-Forwarded-Uri", "/mcp"),
            ("X-Real-Ip", "203.0.113.9"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The same question as bytes on the wire.
    pub fn request(&self) -> Vec<u8> {
        let mut text = format!("GET /verify/{SERVICE} HTTP/1.1\r\nHost: verifier\r\n");
        for (name, value) in self.headers() {
            text.push_str(&name);
            text.push_str(": ");
            text.push_str(&value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}
