//! A million active tokens, any of them at any time, against a thousand.
//!
//! Both are of the same bearers, as far as a thousand tokens can be of that many: what is compared
//! is how many tokens there are. And both are asked from as many requests, laid out in the same way:
//! to pick one of a million costs the one who asks as much as whoever answers.
//!
//! Signed with Ed25519, since a million RSA signatures take ten minutes; what is compared does not
//! depend on it, for each token's signature is checked once and before the clock runs.

use std::num::NonZero;
use std::ops::Range;
use std::thread::{ScopedJoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use test_kit::redis::Redis;
use token_core::keys::SigningAlgorithm;

use super::Plan;
use crate::Outcome;
use crate::load::{self, Order, Requests};
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::seed::{self, Identifiers};
use crate::stats::Spread;
use crate::system::{Options, System, Verifier, as_shipped};
use crate::tools::{Cores, hold};

const FEW: u64 = 1000;
const CONNECTIONS: usize = 32;
/// As docs/configuration.md says of `VERIFIER_CACHE_MB`, and some to spare.
const TOKENS_PER_MB: u64 = 600;
const DEFAULT_MB: u64 = 24;
/// Tokens that are used for the first time before the bearers of the earlier ones come again.
const STEP: usize = 50_000;

/// Two verifiers, each with a Redis of its own, one worker each.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options {
        algorithm: SigningAlgorithm::EdDsa,
        ..Options::default()
    })?;
    let mint = Mint::new(system.signing_key()?)?;
    let few_redis = system.runtime.block_on(Redis::start());
    system.runtime.block_on(as_shipped(&few_redis))?;
    let who = |number| Identifiers::of_each(number, plan.of_each);
    let bearers = plan.tokens.div_ceil(plan.of_each).min(FEW);
    let who_of_few = |number| Identifiers::of_each(number, FEW / bearers);
    let fill = seed::redis::fill(&few_redis, &mint, 0..FEW, who_of_few);
    system.runtime.block_on(fill)?;
    let fill = seed::redis::fill(&system.redis, &mint, 0..plan.tokens, who);
    system.runtime.block_on(fill)?;
    let many = requests(&mint, 0..plan.tokens, who)?;
    let few = requests(&mint, 0..FEW, who_of_few)?.cycled(many.len());

    let megabytes = (plan.tokens / TOKENS_PER_MB + 1).max(DEFAULT_MB);
    let sized = [("VERIFIER_CACHE_MB".to_owned(), megabytes.to_string())];
    let with_few = system.verifier_with(Cores::First, &sized, &few_redis)?;
    let with_many = system.verifier_with(Cores::First, &sized, &system.redis)?;
    let at_rest = with_many.server.resident()?;
    for redis in [&few_redis, &system.redis] {
        let redis = redis.pid().ok_or("Redis has ended")?;
        hold(redis.to_string(), Cores::Others)?;
    }
    load::run(with_few.address, &few, CONNECTIONS, &few.each())?;
    let first_use = first_use(&with_many, &many, usize::try_from(plan.of_each)?)?;

    let time = Duration::from_secs(u64::from(plan.seconds));
    let ask_many = || Asked::by(&with_many, &many, time);
    let ask_few = || Asked::by(&with_few, &few, time);
    let (mut ours, mut control) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        if round % 2 == 0 {
            ours.push(ask_many()?);
            control.push(ask_few()?);
        } else {
            control.push(ask_few()?);
            ours.push(ask_many()?);
        }
    }
    report.add(Figure {
        name: format!(
            "{} active tokens, {} of each bearer, against {FEW}",
            plan.tokens, plan.of_each
        ),
        ours: format!(
            "{} ({}/s at the first use); VERIFIER_CACHE_MB={megabytes}: {} MB, {} MB before",
            described(&ours),
            number(first_use),
            number(with_many.server.resident()?),
            number(at_rest)
        ),
        control: described(&control),
        result: Spread::of(
            ours.iter()
                .zip(&control)
                .map(|(own, other)| own.rate / other.rate),
        ),
        unit: "",
        goal: Goal::AtLeast(0.90),
    });
    Ok(())
}

/// Uses each token for the first time, and meanwhile those of before, so that what is signed at a
/// bearer's first use is renewed at its time, as it is where tokens are used all the time: were
/// they left alone, all would be renewed at once. How many are used for the first time in a second.
fn first_use(verifier: &Verifier, many: &Requests, of_each: usize) -> Outcome<f64> {
    let mut rates = Vec::new();
    for begin in (0..many.len()).step_by(STEP) {
        let end = (begin + STEP).min(many.len());
        let ask = |order| load::run(verifier.address, many, CONNECTIONS, &order);
        rates.push(ask(Order::Each((begin..end).step_by(1)))?);
        ask(Order::Each((0..end).step_by(of_each)))?;
    }
    Ok(Spread::of(rates).median)
}

/// One round.
struct Asked {
    /// Answers a second.
    rate: f64,
    /// Processor time of the verifier for each answer, in microseconds.
    cpu: f64,
}

impl Asked {
    /// After as long a time that does not count: what was to be renewed while the other verifier
    /// was asked is renewed.
    fn by(verifier: &Verifier, requests: &Requests, time: Duration) -> Outcome<Self> {
        let order = Order::Random(time);
        load::run(verifier.address, requests, CONNECTIONS, &order)?;
        let (before, begin) = (verifier.server.cpu()?, Instant::now());
        let rate = load::run(verifier.address, requests, CONNECTIONS, &order)?;
        let answers = rate * begin.elapsed().as_secs_f64();
        let cpu = verifier.server.cpu()?.saturating_sub(before);
        Ok(Self {
            rate,
            cpu: cpu.as_secs_f64() * 1_000_000.0 / answers,
        })
    }
}

fn described(rounds: &[Asked]) -> String {
    let median = |of: fn(&Asked) -> f64| number(Spread::of(rounds.iter().map(of)).median);
    format!(
        "{}/s, CPU {} µs",
        median(|asked| asked.rate),
        median(|asked| asked.cpu)
    )
}

/// The requests with the tokens of these numbers, signed on every processor.
pub fn requests(
    mint: &Mint,
    numbers: Range<u64>,
    who: impl Fn(u64) -> Identifiers + Copy + Send,
) -> Outcome<Requests> {
    let threads = available_parallelism().map_or(1, NonZero::get);
    let threads = u64::try_from(threads)?;
    let share = (numbers.end - numbers.start).div_ceil(threads).max(1);
    let signed = std::thread::scope(|scope| {
        let signers: Vec<_> = (0..threads)
            .map(|at| {
                let begin = (numbers.start + at * share).min(numbers.end);
                let own = begin..(begin + share).min(numbers.end);
                scope.spawn(move || {
                    own.map(|number| Ok(who(number).minted(mint)?.request()))
                        .collect::<Outcome<Vec<_>>>()
                })
            })
            .collect();
        let signed = signers.into_iter().map(ScopedJoinHandle::join);
        signed.collect::<Result<Vec<_>, _>>()
    });
    let mut requests = Requests::default();
    for part in signed.map_err(|_| "a signer panicked")? {
        part?.iter().for_each(|request| requests.push(request));
    }
    Ok(requests)
}
