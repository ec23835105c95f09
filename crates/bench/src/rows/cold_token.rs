//! The first use of a token: one signature check and one question to Redis, against the same two
//! things done with nothing around them. Of a renewed token the verifier knows the bearer already;
//! of the token of a new sign-in it does not, and signs an assertion beside.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use redis::Cmd;
use redis::aio::MultiplexedConnection;
use token_core::access_token::AccessTokenClaims;
use token_core::keys::SigningKey;
use tokio::runtime::Runtime;

use super::Plan;
use crate::answer::Connection;
use crate::fleet::{Constant, given_headers, store, stored};
use crate::mint::{Mint, Minted};
use crate::report::{Figure, Goal, Report, number};
use crate::stats::{Spread, quantile, sorted};
use crate::system::{Options, System, connection_to};
use crate::tools::{Cores, hold_this_thread};
use crate::{Failure, Outcome};

/// Each token once, one after the other. HTTP's own share is what the constant handler takes for
/// the same bytes in the same round, and is taken off.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let verifier = system.verifier(Cores::First)?;
    let known = stored(&system, "bench")?;
    let headers = given_headers(&verifier, &known)?;
    let constant = Constant::start(&headers, Cores::First, system.directory.path())?;
    let mint = Mint::new(system.signing_key()?)?;
    let mut tokens = Vec::new();
    for at in 0..plan.samples {
        for of in [Of::NewSignIn, Of::Renewed] {
            let minted = mint.fresh(&format!("client-{at}"))?;
            store(&system, &minted)?;
            tokens.push((of, minted));
        }
    }

    let mut to_verifier = verifier.connect()?;
    let mut to_constant = Connection::to(constant.address)?;
    let (mut new, mut renewed) = (Times::default(), Times::default());
    std::thread::scope(|scope| {
        let (give, given) = mpsc::channel::<&Minted>();
        let (tell, told) = mpsc::channel();
        let system = &system;
        let control = scope.spawn(move || {
            let mut raw = Raw::new(system)?;
            for minted in given {
                tell.send(timed(|| raw.check(minted))?)?;
            }
            Ok::<_, Failure>(())
        });
        let mut rounds = || {
            for (of, minted) in &tokens {
                let times = match of {
                    Of::NewSignIn => &mut new,
                    Of::Renewed => &mut renewed,
                };
                let request = minted.request();
                times.cold.push(timed(|| ask(&mut to_verifier, &request))?);
                times.http.push(timed(|| ask(&mut to_constant, &request))?);
                times.warm.push(timed(|| ask(&mut to_verifier, &request))?);
                give.send(minted).map_err(|_| "the control ended")?;
                times.raw.push(told.recv()?);
            }
            Ok::<_, Failure>(())
        };
        let asked = rounds();
        drop(give);
        // Why the control ended is more than that it did.
        control.join().map_err(|_| "the control panicked")??;
        asked
    })?;
    report.add(new.figure("of a new sign-in"));
    report.add(renewed.figure("renewed"));
    Ok(())
}

/// Whose token it is.
#[derive(Clone, Copy)]
enum Of {
    NewSignIn,
    /// He has had one before.
    Renewed,
}

/// The two things alone, in one thread, held to the processor that the verifier is held to:
/// nothing is faster.
struct Raw {
    runtime: Runtime,
    redis: MultiplexedConnection,
    key: DecodingKey,
}

impl Raw {
    fn new(system: &System) -> Outcome<Self> {
        hold_this_thread(Cores::First)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let redis = runtime.block_on(connection_to(&system.redis))?;
        let key = decoding_key(&system.signing_key()?)?;
        Ok(Self {
            runtime,
            redis,
            key,
        })
    }

    fn check(&mut self, minted: &Minted) -> Outcome<()> {
        check(&minted.text, &self.key)?;
        let jti = &minted.record.jti;
        let get = Cmd::get(format!("oauth:token:{{{}}}.{}", jti.grant(), jti.rest()));
        let found: Option<String> = self.runtime.block_on(get.query_async(&mut self.redis))?;
        let found = found.map(|_| ());
        found.ok_or("a token is not where it was".into())
    }
}

/// In microseconds.
#[derive(Default)]
struct Times {
    cold: Vec<f64>,
    http: Vec<f64>,
    warm: Vec<f64>,
    raw: Vec<f64>,
}

impl Times {
    /// The median of each tenth of the run is one round: the range shows how steady it was.
    fn figure(&self, whose: &str) -> Figure {
        let rounds = self.cold.len().div_ceil(10).max(1);
        let median = |times: &[f64]| Spread::of(times.iter().copied()).median;
        let ratios = self
            .cold
            .chunks(rounds)
            .zip(self.http.chunks(rounds))
            .zip(self.raw.chunks(rounds))
            .map(|((cold, http), raw)| (median(cold) - median(http)) / median(raw));
        let p99 = quantile(&sorted(self.cold.iter().copied()), 0.99);
        Figure {
            name: format!("cold token, {whose}, against one RS256 check and one Redis GET"),
            ours: format!(
                "{} µs (p99 {}), of which HTTP {}; used again {}",
                number(median(&self.cold)),
                number(p99),
                number(median(&self.http)),
                number(median(&self.warm)),
            ),
            control: format!("{} µs", number(median(&self.raw))),
            result: Spread::of(ratios),
            unit: "",
            goal: Goal::AtMost(1.25),
        }
    }
}

fn timed(step: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let begin = Instant::now();
    step()?;
    Ok(microseconds(begin.elapsed()))
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000_000.0
}

fn ask(connection: &mut Connection, request: &[u8]) -> Outcome<()> {
    connection.send(request)?;
    Ok(connection.receive_ok()?)
}

fn decoding_key(key: &SigningKey) -> Outcome<DecodingKey> {
    let set = token_core::keys::VerificationKeys::of([key]).jwk_set();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(serde_json::to_value(set)?)?;
    let jwk = set.keys.first().ok_or("no key")?;
    Ok(DecodingKey::from_jwk(jwk)?)
}

/// The library's own check of the signature, and nothing else.
#[expect(
    clippy::disallowed_methods,
    reason = "what the library costs by itself is what is measured"
)]
fn check(token: &str, key: &DecodingKey) -> Outcome<()> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<AccessTokenClaims>(token, key, &validation)?;
    Ok(())
}
