//! The verifier: what it remembers, the pure decision, the question to the store, and the signed
//! identity.
//!
//! A request takes the first of three ways that answers it:
//!
//! 1. [`Verifier::recall`]: its token is remembered, and nothing was heard of it since. This one
//!    waits for nothing.
//! 2. The store alone is asked: the token was verified before, but what is remembered of its being
//!    active may be old (nothing is heard from the store, or something was heard of the token).
//! 3. Everything is checked: signature, claims, rules, store.
//!
//! Of requests with the same token that take the second or third way at the same time one asks,
//! and the others wait for its answer.

mod handing_out;

use std::sync::Arc;
use std::time::Instant;

use app_shell::traces;
use token_core::admission::Admission;
use token_core::assertion::AssertionSigner;
use token_core::audit::AuditSink;
use token_core::jose::TokenError;
use token_core::keys::VerificationKeySource;
use token_core::live::Live;
use token_core::store::{ActiveTokens, Freshness};
use token_core::{Clock, Issuer, Jti, ResourceId, Services, Timestamp};

use crate::bearer::Told;
use crate::bearers::Bearers;
use crate::decide::{Denial, Refusal, Rules, judge, presented};
use crate::flights::{Flights, Outcome, Part, answer};
use crate::forwarded::ForwardedRequest;
use crate::garbage::Garbage;
use crate::journal::Journal;
use crate::memory::{Bad, Digest, DueUse, Good, Memory, Present, Recalled, Trust};
use crate::pass::Pass;
use crate::tally::{Tally, Totals, Way};

/// What a verifier is made of; all of it is shared with others.
pub struct Parts {
    /// Who issues tokens.
    pub issuer: Issuer,
    /// What is guarded.
    pub services: Services,
    /// Who may come in, now.
    pub admission: Arc<Live<Admission>>,
    /// The public keys of access tokens.
    pub keys: Arc<dyn VerificationKeySource>,
    /// Which tokens are active.
    pub tokens: Arc<dyn ActiveTokens>,
    /// What is heard of changes there. Where nobody tells of any, the store is always asked.
    pub freshness: Arc<Freshness>,
    /// Signs who makes a request.
    pub assertions: AssertionSigner,
    /// Where events go.
    pub audit: Arc<dyn AuditSink>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One for a process, shared by all its workers.
pub struct Verifier {
    /// What it is made of.
    pub parts: Parts,
    memory: Memory,
    bearers: Arc<Bearers>,
    flights: Flights,
    garbage: Garbage,
    tally: Tally,
    pub(crate) journal: Journal,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict {
    /// It passes, and the service is told this.
    Allow(Told),
    /// It does not.
    Deny(Denial),
}

/// What is not remembered about a request, and is to be found out.
pub struct Unknown {
    began: Instant,
    now: Timestamp,
    digest: Digest,
    verified: Option<Verified>,
}

/// A token that was verified before: only whether it is still active is to be asked, as long as
/// the keys and the rules are those by which it was verified.
struct Verified {
    trust: Trust,
    pass: Arc<Pass>,
}

/// A request whose token is to be asked about.
struct Question<'a> {
    resource: &'a ResourceId,
    token: &'a str,
    digest: Digest,
    address: Option<&'a str>,
    now: Timestamp,
}

impl Verifier {
    /// A verifier that remembers good tokens in about `memory` bytes.
    pub fn new(parts: Parts, memory: u64, tally: Tally) -> Self {
        Self {
            parts,
            memory: Memory::new(memory),
            bearers: Arc::default(),
            flights: Flights::default(),
            garbage: Garbage::default(),
            tally,
            journal: Journal::default(),
        }
    }

    /// Decides about one request to the service at `resource`. Whatever cannot be known denies.
    pub async fn verify(&self, resource: &ResourceId, request: &ForwardedRequest<'_>) -> Verdict {
        match self.recall(resource, request) {
            Ok(verdict) => verdict,
            Err(unknown) => self.find_out(resource, request, unknown).await,
        }
    }

    /// Decides by what is remembered.
    ///
    /// # Errors
    /// [`Self::find_out`] must decide.
    pub fn recall(
        &self,
        resource: &ResourceId,
        request: &ForwardedRequest<'_>,
    ) -> Result<Verdict, Unknown> {
        let began = Instant::now();
        let token = match presented(request, resource) {
            Ok(token) => token,
            Err(denial) => {
                let verdict = Verdict::Deny(denial);
                self.tally.count(&verdict, Way::NoToken, began.elapsed());
                self.note(resource, request.address, &verdict);
                return Ok(verdict);
            }
        };
        self.memory.prefetch(token);
        let (digest, now) = (Digest::of(resource, token), self.parts.clock.now());
        match self.remembered(&digest, now) {
            Ok((verdict, due)) => {
                self.tally.count(&verdict, Way::Remembered, began.elapsed());
                self.note(resource, request.address, &verdict);
                if let (Verdict::Allow(_), Some(due)) = (&verdict, due) {
                    self.journal.used(due, request.address, now);
                }
                Ok(verdict)
            }
            Err(verified) => Err(Unknown {
                began,
                now,
                digest,
                verified,
            }),
        }
    }

    /// Decides about a request that [`Self::recall`] does not know enough about.
    pub async fn find_out(
        &self,
        resource: &ResourceId,
        request: &ForwardedRequest<'_>,
        unknown: Unknown,
    ) -> Verdict {
        let way = match unknown.verified {
            Some(_) => Way::StoreAsked,
            None => Way::AllChecked,
        };
        let outcome = match presented(request, resource) {
            Ok(token) => {
                let question = Question {
                    resource,
                    token,
                    digest: unknown.digest,
                    address: request.address,
                    now: unknown.now,
                };
                self.answer(&question, unknown.verified).await
            }
            Err(denial) => Err(denial),
        };
        let (digest, now) = (unknown.digest, unknown.now);
        let verdict = match &outcome {
            Ok(good) => self.allow(&good.pass.bearer, now),
            Err(denial) => Verdict::Deny(*denial),
        };
        self.tally.count(&verdict, way, unknown.began.elapsed());
        self.note(resource, request.address, &verdict);
        let has_room = || self.journal.has_room();
        if let (Verdict::Allow(_), Ok(good)) = (&verdict, &outcome)
            && let Some(due) = self.memory.note_use(&digest, &good.pass, now, has_room)
        {
            self.journal.used(due, request.address, now);
        }
        verdict
    }

    /// Notes a refusal for the [journal](crate::journal).
    fn note(&self, resource: &ResourceId, address: Option<&str>, verdict: &Verdict) {
        if let Verdict::Deny(denial) = verdict {
            self.journal.denied(resource, *denial, address);
        }
    }

    fn trust(&self) -> Trust {
        Trust {
            keys: self.parts.keys.version(),
            admission: self.parts.admission.version(),
        }
    }

    /// What is remembered, as far as it is still true. Where that is no verdict: what was verified
    /// of the token, if it was.
    fn remembered(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<(Verdict, Option<DueUse>), Option<Verified>> {
        let trust = self.trust();
        let freshness = self.parts.freshness.as_ref();
        let present = Present {
            trust,
            freshness,
            now,
        };
        let has_room = || self.journal.has_room();
        match self.memory.recall(digest, &present, has_room) {
            Some(Recalled::Good(bearer, due)) => Ok((self.allow(&bearer, now), due)),
            Some(Recalled::Stale(pass)) => Err(Some(Verified { trust, pass })),
            Some(Recalled::Expired(pass)) => {
                let denial = Denial::Token(TokenError::Expired);
                let client_id = &pass.bearer.identity().client_id;
                let resource = pass.bearer.resource();
                self.journal
                    .denied_ours(resource, denial, &pass.jti, client_id);
                Ok((Verdict::Deny(denial), None))
            }
            None => {
                let denial = self.memory.denial(digest, &present);
                denial.map_or(Err(None), |denial| Ok((Verdict::Deny(denial), None)))
            }
        }
    }

    /// Asks, or waits for who asks already.
    async fn answer(&self, question: &Question<'_>, verified: Option<Verified>) -> Outcome {
        let mut waited = false;
        loop {
            match self.flights.join(question.digest) {
                Part::Asks(ticket) => {
                    let outcome = self.ask(question, verified).await;
                    ticket.found(&outcome);
                    return outcome;
                }
                Part::Waits(waiting) => match answer(waiting).await {
                    // That is about the address that asked, which may be another's.
                    None | Some(Err(Denial::Flood)) => {}
                    Some(Err(denial)) => return Err(denial),
                    // By older keys or rules than this request must see.
                    Some(Ok(good)) if good.trust != self.trust() => {}
                    // A question that began before this request came may have been answered
                    // before a revocation that this request must see; the next one began after.
                    Some(Ok(good)) if waited || self.is_fresh(&good) => return Ok(good),
                    Some(Ok(_)) => waited = true,
                },
            }
        }
    }

    fn is_fresh(&self, good: &Good) -> bool {
        let now = self.parts.clock.now();
        self.parts.freshness.holds(&good.mark, now)
    }

    /// Finds out about a token and remembers it.
    async fn ask(&self, question: &Question<'_>, verified: Option<Verified>) -> Outcome {
        // Taken before what they are the versions of: what is remembered is never taken for newer
        // than it is.
        let trust = self.trust();
        let pass = match verified {
            Some(verified) if verified.trust == trust => verified.pass,
            _ => Arc::new(self.verified(question, trust)?),
        };
        let voice = self.parts.tokens.voice();
        let mark = self.parts.freshness.mark(voice, &pass.jti);
        // The assertion is signed while the store's answer is under way.
        let (active, ()) = tokio::join!(self.is_active(&pass.jti, question.now), async {
            self.sign_meanwhile(&pass.bearer, question.now);
        });
        if active? {
            let good = Good { trust, mark, pass };
            self.memory.keep_good(question.digest, good.clone());
            return Ok(good);
        }
        let denial = Denial::Inactive;
        let bad = Bad {
            trust,
            denial,
            mark: Some(mark),
            since: question.now,
        };
        self.memory.keep_bad(question.digest, bad);
        let client_id = &pass.bearer.identity().client_id;
        self.journal
            .denied_ours(question.resource, denial, &pass.jti, client_id);
        Err(denial)
    }

    /// The checks that need no store; what fails them is remembered.
    fn verified(&self, question: &Question<'_>, trust: Trust) -> Result<Pass, Denial> {
        let (parts, now) = (&self.parts, question.now);
        if self.garbage.is_flooding(question.address, now) {
            return Err(Denial::Flood);
        }
        let keys = parts.keys.current().ok_or(Denial::CannotDecide)?;
        let admission = parts.admission.current();
        let rules = Rules {
            issuer: &parts.issuer,
            resource: question.resource,
            admission: &admission,
        };
        let Refusal { denial, claims } = match judge(question.token, rules, &keys, now) {
            Ok(claims) => {
                let bearer = self.bearers.of(&claims);
                return Ok(Pass::new(claims.jti, claims.times.exp, bearer));
            }
            Err(refusal) => refusal,
        };
        if let Some(claims) = claims {
            let (jti, client_id) = (&claims.jti, &claims.client_id);
            self.journal
                .denied_ours(question.resource, denial, jti, client_id);
        }
        match denial {
            Denial::Token(TokenError::UnknownKey) => parts.keys.refresh_soon(),
            Denial::Token(TokenError::BadSignature) => self.garbage.note(question.address, now),
            _ => {}
        }
        // Time alone makes it good.
        if denial != Denial::Token(TokenError::NotYetValid) {
            let bad = Bad {
                trust,
                denial,
                mark: None,
                since: now,
            };
            self.memory.keep_bad(question.digest, bad);
        }
        Err(denial)
    }

    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, Denial> {
        let answer = self.parts.tokens.is_active(jti, now);
        traces::ask("store step", answer).await.map_err(|error| {
            tracing::warn!(
                cause = app_shell::error_chain(&error),
                "the store cannot be asked"
            );
            Denial::CannotDecide
        })
    }

    /// How much was decided since the process began.
    pub(crate) fn totals(&self) -> Totals {
        self.tally.totals()
    }

    /// How many good tokens are remembered.
    pub fn remembered_tokens(&self) -> usize {
        self.memory.len()
    }
}
