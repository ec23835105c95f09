//! Plays a sequence of steps in the system and in the model, and holds one against the other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use forward_auth::Verdict;
use forward_auth::decide::Denial;
use futures_util::future::join_all;
use token_core::access_token::AccessTokenClaims;
use token_core::clock::ManualClock;
use token_core::jose::TimeClaims;
use token_core::keys::SigningKey;
use token_core::store::{GrantStore as _, IssueOutcome, IssuedTokens, TokenRecord};
use token_core::{
    ClientId, Clock as _, GrantId, Jti, ResourceId, Scopes, Seconds, SystemClock, SystemEntropy,
    Timestamp, UserId, Username,
};
use token_store::RedisStore;

use crate::Step;
use crate::model::{Model, Must, Token, View, Way};
use crate::redis_server::RedisServer;
use crate::system::{List, Node, PEOPLE, admitting, issuer, signing_key};

/// Short, so that tokens expire within a sequence; long enough that Redis, whose clock nobody
/// moves, keeps them.
const LIFETIME: Seconds = Seconds(90);
/// The end of what an operator or a client does.
pub(crate) const LONG: Seconds = Seconds(3600);
/// How often a verifier that should have the store may say that it has not, on a busy machine.
const ATTEMPTS: u32 = 20;
/// How many requests are under way during a revocation.
pub(crate) const CROWD: usize = 8;

/// What a client holds.
#[derive(Clone)]
struct Held {
    text: String,
    jti: Jti,
}

pub(crate) struct Play {
    redis: RedisServer,
    pub(crate) store: RedisStore,
    pub(crate) clock: Arc<ManualClock>,
    list: List,
    pub(crate) nodes: Vec<Node>,
    /// All that ever signed; the last one signs.
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) published: BTreeSet<usize>,
    grants: Vec<GrantId>,
    held: Vec<Held>,
    pub(crate) model: Model,
}

impl Play {
    pub(crate) async fn begin() -> Self {
        let redis = RedisServer::start();
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let everybody: BTreeSet<usize> = (0..PEOPLE.len()).collect();
        let list = Arc::new(Mutex::new(admitting(&everybody)));
        let key = signing_key();
        let mut nodes = Vec::new();
        for _ in 0..2 {
            nodes.push(Node::start(&redis, &clock, &list, &key).await);
        }
        let published = BTreeSet::from([0]);
        let mut play = Self {
            store: redis.store(),
            redis,
            clock,
            list,
            nodes,
            keys: vec![key],
            grants: Vec::new(),
            held: Vec::new(),
            model: Model {
                tokens: Vec::new(),
                admitted: everybody,
                retired: BTreeSet::new(),
                views: vec![View::new(published.clone()), View::new(published.clone())],
                redis_is_up: true,
            },
            published,
        };
        play.settle(0).await;
        play.settle(1).await;
        play
    }

    /// Mends everything; then the two verifiers know all that there is to know.
    pub(crate) async fn end(mut self) {
        if !self.model.redis_is_up {
            self.take(&Step::StartRedis).await;
        }
        for at in 0..self.nodes.len() {
            self.heal(at);
            self.settle(at).await;
            self.use_all(at).await;
            // Other keys make a verifier forget, so this comes after a look at what it remembers.
            self.poll(at);
            self.use_all(at).await;
        }
    }

    pub(crate) async fn take(&mut self, step: &Step) {
        match *step {
            Step::Use { at } => self.use_all(at).await,
            Step::UseEverywhere => self.use_everywhere().await,
            Step::Forge { at, token } => self.forge(at, token).await,
            Step::Pass { seconds } => self.clock.advance(Seconds(seconds)),
            Step::Poll { at } => self.poll(at),
            Step::Cut { at } => self.disturb(at, Way::Cut),
            Step::Silence { at } => self.silence(at),
            Step::LongSilence { at } => self.long_silence(at).await,
            Step::Missed { at, token } => self.missed(at, token).await,
            Step::Forget { at } => {
                self.nodes[at].link.forget();
                self.model.views[at].disturb();
            }
            Step::Heal { at } => self.heal(at),
            Step::Settle { at } => self.settle(at).await,
            Step::StopRedis if self.model.redis_is_up => {
                self.redis.stop();
                self.model.redis_is_up = false;
                self.model.views.iter_mut().for_each(View::disturb);
            }
            Step::StartRedis if !self.model.redis_is_up => {
                self.redis.restart();
                self.store = self.redis.store();
                self.model.redis_is_up = true;
                self.model.views.iter_mut().for_each(View::disturb);
            }
            // What follows is written to the store.
            _ if self.model.redis_is_up => self.write(step).await,
            _ => {}
        }
    }

    async fn write(&mut self, step: &Step) {
        match *step {
            Step::Issue {
                person,
                skew,
                early,
                grant,
            } => self.issue(person, skew, early, grant).await,
            Step::Revoke { token } => self.revoke(token, 0).await,
            Step::RevokeInUse { token } => self.revoke(token, CROWD).await,
            Step::RevokeNew { person } => self.revoke_new(person).await,
            Step::EndGrant { token } => self.end_grant(token).await,
            Step::Rotate { known } => self.rotate(known),
            Step::Retire { key, published } => self.retire(key, published).await,
            Step::Admit { people } => {
                let bits = |person: &usize| people & (1 << person) != 0;
                let people: BTreeSet<usize> = (0..PEOPLE.len()).filter(bits).collect();
                *self.list.lock().unwrap() = admitting(&people);
                self.store.announce_reload().await.unwrap();
                self.model.admit(people);
            }
            _ => {}
        }
    }

    pub(crate) async fn issue(
        &mut self,
        person: usize,
        skew: i64,
        early: bool,
        grant: Option<usize>,
    ) {
        let entropy = SystemEntropy::new();
        let grant = match grant {
            Some(grant) if !self.grants.is_empty() => grant % self.grants.len(),
            _ => {
                self.grants.push(GrantId::generate(&entropy).unwrap());
                self.grants.len() - 1
            }
        };
        let key = self.keys.len() - 1;
        let now = Timestamp(self.clock.now().0.saturating_add_signed(skew));
        let claims = AccessTokenClaims {
            iss: issuer(),
            sub: UserId::parse(format!("github|{person}")).unwrap(),
            aud: ResourceId::parse("https://fetch.example.com/mcp").unwrap(),
            client_id: ClientId::parse("client-1").unwrap(),
            jti: Jti::generate(&self.grants[grant], &entropy).unwrap(),
            scope: Scopes::from_request(None),
            username: Username::parse(PEOPLE[person]).unwrap(),
            times: TimeClaims {
                exp: now.plus(LIFETIME),
                iat: now,
                nbf: Some(now),
            },
        };
        let text = claims.sign(&self.keys[key]).unwrap().expose().to_owned();
        if early {
            for node in &self.nodes {
                let verdict = node.verify(&text).await;
                assert!(matches!(verdict, Verdict::Deny(_)), "before it was issued");
            }
        }
        let token = IssuedTokens {
            token: TokenRecord {
                jti: claims.jti.clone(),
                client_id: claims.client_id,
                user_id: claims.sub,
                username: claims.username,
                resource: claims.aud,
                scope: claims.scope,
                issued_at: now,
                expires_at: claims.times.exp,
            },
            refresh: None,
            client_is_stored: false,
        };
        let outcome = self.store.issue_tokens(&token, now).await.unwrap();
        let token = self.held.len();
        self.held.push(Held {
            text,
            jti: claims.jti,
        });
        self.model.tokens.push(Token {
            person,
            grant,
            key,
            issued_at: now,
            expires_at: claims.times.exp,
            // Nothing is issued under a grant that has ended.
            revoked: outcome != IssueOutcome::Issued,
        });
        if early {
            for view in &mut self.model.views {
                view.issued.insert(token);
            }
        }
    }

    /// Revokes a token while a crowd uses it; whoever asks after the acknowledgement is refused
    /// as soon as his verifier has heard.
    pub(crate) async fn revoke(&mut self, token: usize, crowd: usize) {
        let Some(token) = self.token(token) else {
            return;
        };
        let Held { text, jti } = self.held[token].clone();
        let now = self.clock.now();
        let users = self.nodes.iter().flat_map(|node| vec![node; crowd]);
        let users = join_all(users.map(|node| node.verify(&text)));
        let (revoked, _) = tokio::join!(self.store.revoke_token(&jti, now), users);
        revoked.unwrap();
        self.model.revoke(token, now);
    }

    async fn end_grant(&mut self, token: usize) {
        let Some(token) = self.token(token) else {
            return;
        };
        let (now, grant) = (self.clock.now(), self.model.tokens[token].grant);
        let ended = self
            .store
            .end_grant(&self.grants[grant], now, now.plus(LONG));
        ended.await.unwrap();
        for token in 0..self.held.len() {
            if self.model.tokens[token].grant == grant {
                self.model.revoke(token, now);
            }
        }
    }

    pub(crate) fn disturb(&mut self, at: usize, way: Way) {
        let (node, view) = (&self.nodes[at], &mut self.model.views[at]);
        if view.way != Way::Open {
            return;
        }
        match way {
            Way::Cut => node.link.cut(),
            Way::Silent { .. } => node.link.silence(),
            Way::Open => {}
        }
        view.disturb();
        view.way = way;
    }

    pub(crate) fn silence(&mut self, at: usize) {
        let since = self.clock.now();
        self.disturb(at, Way::Silent { since });
    }

    pub(crate) fn heal(&mut self, at: usize) {
        let view = &mut self.model.views[at];
        if view.way != Way::Open {
            self.nodes[at].link.heal();
            view.disturb();
            view.way = Way::Open;
        }
    }

    /// Waits until a verifier has heard everything, or has noticed that it hears nothing.
    pub(crate) async fn settle(&mut self, at: usize) {
        let (node, view) = (&self.nodes[at], &mut self.model.views[at]);
        if view.way == Way::Open && self.model.redis_is_up {
            let retired = self.model.retired.iter();
            let retired = retired
                .map(|key| self.keys[*key].kid().to_owned())
                .collect();
            node.settle(&self.list, &retired).await;
            view.settle();
        } else {
            node.until_deaf().await;
            view.is_alone();
        }
    }

    pub(crate) async fn use_everywhere(&mut self) {
        for at in 0..self.nodes.len() {
            self.use_all(at).await;
        }
    }

    /// Uses every token at once.
    pub(crate) async fn use_all(&mut self, at: usize) {
        let now = self.clock.now();
        let node = &self.nodes[at];
        let verdicts = join_all(self.held.iter().map(|held| node.verify(&held.text)));
        for (token, verdict) in verdicts.await.into_iter().enumerate() {
            let must = self.model.must(at, token, now);
            if !self.judge(at, token, must, &verdict) {
                self.insist(at, token).await;
            }
        }
    }

    /// Whether what came of a request is what must; `false`: it is to be asked again.
    fn judge(&mut self, at: usize, token: usize, must: Must, verdict: &Verdict) -> bool {
        let told = || format!("verifier {at}, token {token}: {must:?}, but {verdict:?}");
        match (must, verdict) {
            (Must::BeRefused, Verdict::Allow(_)) => panic!("forbidden: {}", told()),
            (Must::Pass, Verdict::Deny(Denial::CannotDecide)) => return false,
            (_, Verdict::Allow(_) | Verdict::Deny(Denial::CannotDecide)) => {}
            (Must::Pass | Must::PassOrWait, Verdict::Deny(_)) => panic!("refused: {}", told()),
            (Must::BeRefused | Must::PassOrBeRefused, Verdict::Deny(denial)) => {
                let key = self.model.tokens[token].key;
                self.model.views[at].heard(token, key, *denial);
            }
        }
        true
    }

    /// A busy machine may cost a verifier its connection; but it comes back.
    async fn insist(&mut self, at: usize, token: usize) {
        for _ in 0..ATTEMPTS {
            self.settle(at).await;
            let must = self.model.must(at, token, self.clock.now());
            let verdict = self.nodes[at].verify(&self.held[token].text).await;
            if self.judge(at, token, must, &verdict) {
                return;
            }
        }
        panic!("verifier {at} has the store, and cannot decide");
    }

    async fn forge(&self, at: usize, token: usize) {
        let Some(token) = self.token(token) else {
            return;
        };
        let genuine = &self.held[token].text;
        let (signed, signature) = genuine.rsplit_once('.').unwrap();
        let forged: String = signature.chars().rev().collect();
        if forged != signature {
            let verdict = self.nodes[at].verify(&format!("{signed}.{forged}")).await;
            assert!(matches!(verdict, Verdict::Deny(_)), "forged: {verdict:?}");
        }
    }

    pub(crate) fn token(&self, token: usize) -> Option<usize> {
        token.checked_rem(self.held.len())
    }
}
