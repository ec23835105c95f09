//! The first use of a token: one signature check and one question to Redis, against the same two
//! things done with nothing around them.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use token_core::access_token::AccessTokenClaims;
use token_core::keys::SigningKey;

use super::Plan;
use crate::Outcome;
use crate::answer::Connection;
use crate::fleet::{Constant, given_headers, store, stored};
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::{Spread, quantile, sorted};
use crate::system::{Options, System, connection_to};
use crate::tools::Cores;

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
        let minted = mint.fresh(&format!("client-{at}"))?;
        store(&system, &minted)?;
        tokens.push(minted);
    }

    let mut to_verifier = verifier.connect()?;
    let mut to_constant = Connection::to(constant.address)?;
    let decoding = decoding_key(&system.signing_key()?)?;
    // One thread for question and answer: nothing is faster.
    let alone = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut redis = alone.block_on(connection_to(&system.redis))?;
    let mut times = Times::default();
    for minted in &tokens {
        let request = minted.request();
        times.cold.push(timed(|| ask(&mut to_verifier, &request))?);
        times.http.push(timed(|| ask(&mut to_constant, &request))?);
        times.warm.push(timed(|| ask(&mut to_verifier, &request))?);
        let jti = &minted.record.jti;
        let key = format!("oauth:token:{{{}}}.{}", jti.grant(), jti.rest());
        let raw = || -> Outcome<()> {
            check(&minted.text, &decoding)?;
            let get = redis::Cmd::get(key);
            let found: Option<String> = alone.block_on(get.query_async(&mut redis))?;
            found
                .map(|_| ())
                .ok_or("a token is not where it was".into())
        };
        times.raw.push(timed(raw)?);
    }
    report.add(times.figure());
    Ok(())
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
    fn figure(&self) -> Figure {
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
            name: "cold token, against one RS256 check and one Redis GET".to_owned(),
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
