//! Records as the flows write them.

use token_core::audit::Reference;
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::pkce::CodeVerifier;
use token_core::secret::{
    AuthorizationCode, BrowserBinding, ClientSecret, RefreshToken, SecretHash, SecretKey,
    SignInState,
};
use token_core::store::{
    AuthorizationRequest, CodeRecord, ConsentRequest, DeviceRecord, Grant, IssuedTokens,
    KeySetRecord, PendingSignIn, PushedRequest, RefreshRecord, Rotation, SignInPurpose,
    TokenRecord,
};
use token_core::{
    ClientId, Clock as _, Entropy as _, GrantId, Jti, RedirectUri, ResourceId, Scopes, Seconds,
    SystemClock, SystemEntropy, Timestamp, UserId, Username,
};

/// How long tokens live here.
pub(crate) const HOUR: Seconds = Seconds(3600);
/// How long refresh tokens live here.
pub(crate) const MONTH: Seconds = Seconds(30 * 24 * 3600);
/// How long a replaced refresh token is answered here.
pub(crate) const GRACE: Seconds = Seconds(120);

/// The present: a Redis drops what is over by its own clock.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The last moment before `at`.
pub(crate) fn just_before(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - 1)
}

pub(crate) fn client(expires_at: Option<Timestamp>) -> Client {
    let entropy = SystemEntropy::new();
    let secret = ClientSecret::generate(&entropy).unwrap();
    Client {
        client_id: client_id(),
        client_name: Some("Ünïcode \"quoted\" \n name".to_owned()),
        redirect_uris: vec![redirect_uri()],
        credential: ClientCredential::ClientSecretBasic {
            secret_hash: secret.hash(),
        },
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        application_type: ApplicationType::Native,
        scope: Some("mcp".to_owned()),
        issued_at: now(),
        expires_at,
        used: false,
        registration_tokens: Vec::new(),
        own_services: Vec::new(),
    }
}

/// The hash of a secret that nobody has.
pub(crate) fn hash() -> SecretHash {
    SecretHash::of(&SystemEntropy::new().token(32).unwrap())
}

/// A device's request, to be polled every five seconds.
pub(crate) fn device(expires_at: Timestamp) -> DeviceRecord {
    DeviceRecord {
        device_code: hash(),
        user_code: hash(),
        client_id: client_id(),
        resource: resource(),
        scope: Scopes::from_request(None),
        interval: Seconds(5),
        expires_at,
    }
}

pub(crate) fn pushed_request(expires_at: Timestamp) -> PushedRequest {
    PushedRequest {
        client_id: client_id(),
        parameters: "response_type=code&state=%F0%9F%94%91".to_owned(),
        expires_at,
    }
}

pub(crate) fn client_id() -> ClientId {
    ClientId::parse(SystemEntropy::new().token(16).unwrap()).unwrap()
}

pub(crate) fn key_set(client_id: &ClientId, expires_at: Timestamp) -> KeySetRecord {
    KeySetRecord {
        client_id: client_id.clone(),
        jwks_uri: "https://client.example/jwks.json".to_owned(),
        jwks: r#"{"keys":[]}"#.to_owned(),
        fetched_at: now(),
        asked_at: now(),
        used_at: now(),
        expires_at,
    }
}

pub(crate) fn sign_in(expires_at: Timestamp) -> (SignInState, PendingSignIn) {
    let entropy = SystemEntropy::new();
    let pending = PendingSignIn {
        purpose: SignInPurpose::Approved(ConsentRequest::Redirect(AuthorizationRequest {
            client_id: client_id(),
            redirect_uri: redirect_uri(),
            state: Some("the client's own \u{1F511}".to_owned()),
            code_challenge: verifier().challenge(),
            resource: resource(),
            scope: Scopes::from_request(None),
        })),
        browser: BrowserBinding::generate(&entropy).unwrap().hash(),
        expires_at,
        flow: Reference::generate(&entropy).ok(),
    };
    (SignInState::generate(&entropy).unwrap(), pending)
}

fn verifier() -> CodeVerifier {
    CodeVerifier::parse("v".repeat(43)).unwrap()
}

fn redirect_uri() -> RedirectUri {
    RedirectUri::parse("http://127.0.0.1:49152/callback?x=%20y").unwrap()
}

fn resource() -> ResourceId {
    ResourceId::parse("https://fetch.example.com/mcp").unwrap()
}

/// One grant, and what is issued under it.
pub(crate) struct Family {
    pub(crate) grant: Grant,
}

impl Family {
    pub(crate) fn new() -> Self {
        Self {
            grant: Grant {
                id: GrantId::generate(&SystemEntropy::new()).unwrap(),
                client_id: client_id(),
                user_id: UserId::parse("github|583231").unwrap(),
                username: Username::parse("octocat").unwrap(),
                resource: resource(),
                scope: Scopes::from_request(Some("mcp offline_access")),
                approved_at: Some(now()),
            },
        }
    }

    pub(crate) fn code(&self, expires_at: Timestamp) -> CodeRecord {
        self.code_and_secret(expires_at).1
    }

    pub(crate) fn code_and_secret(&self, expires_at: Timestamp) -> (AuthorizationCode, CodeRecord) {
        let code = AuthorizationCode::generate(&self.grant.id, &SystemEntropy::new()).unwrap();
        let record = CodeRecord {
            key: code.key().unwrap(),
            grant: self.grant.clone(),
            redirect_uri: redirect_uri(),
            code_challenge: verifier().challenge(),
            expires_at,
        };
        (code, record)
    }

    pub(crate) fn token(&self, expires_at: Timestamp) -> TokenRecord {
        TokenRecord {
            jti: Jti::generate(&self.grant.id, &SystemEntropy::new()).unwrap(),
            client_id: self.grant.client_id.clone(),
            user_id: self.grant.user_id.clone(),
            username: self.grant.username.clone(),
            resource: self.grant.resource.clone(),
            scope: self.grant.scope.clone(),
            issued_at: now(),
            expires_at,
        }
    }

    pub(crate) fn refresh(&self, expires_at: Timestamp) -> RefreshRecord {
        self.refresh_and_secret(expires_at).1
    }

    pub(crate) fn refresh_and_secret(
        &self,
        expires_at: Timestamp,
    ) -> (RefreshToken, RefreshRecord) {
        let token = RefreshToken::generate(&self.grant.id, &SystemEntropy::new()).unwrap();
        let record = RefreshRecord {
            key: token.key().unwrap(),
            grant: self.grant.clone(),
            expires_at,
        };
        (token, record)
    }

    /// An access token and a refresh token.
    pub(crate) fn pair(&self, now: Timestamp) -> IssuedTokens {
        IssuedTokens {
            token: self.token(now.plus(HOUR)),
            refresh: Some(self.refresh(now.plus(MONTH))),
            client_is_stored: false,
        }
    }

    /// A rotation of `presented` to a pair of its own.
    pub(crate) fn rotation(&self, presented: &SecretKey, now: Timestamp) -> Rotation {
        Rotation {
            presented: presented.clone(),
            successor: self.refresh(now.plus(MONTH)),
            token: self.token(now.plus(HOUR)),
            sealed_answer: SystemEntropy::new().token(64).unwrap(),
            grace_until: now.plus(GRACE),
            client_is_stored: false,
        }
    }
}
