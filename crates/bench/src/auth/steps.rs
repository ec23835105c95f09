//! One sign-in and its tokens, step by step, over the deployment: what each step costs
//! auth-service, and what share of a token is its signature.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use token_core::secret::ClientSecret;

use super::target::{Target, Tokens};
use super::{Cost, Plan, counted};
use crate::Outcome;
use crate::github::GitHub;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::Spread;
use crate::system::{Options, SERVICE, System};

const MACHINE: &str = "the-machine";
const SECRET: &str = "a secret that is long and random enough";

/// What each round found, in microseconds of processor time.
#[derive(Default)]
struct Rounds {
    /// By name, in the order of a sign-in.
    steps: Vec<(&'static str, Vec<f64>)>,
    /// A JWT of the same claims, as auth-service signs it.
    jwt: Vec<f64>,
    /// Its signature alone, by ring.
    ring: Vec<f64>,
}

/// The steps that give a token.
const TOKENS: [&str; 3] = [
    "/token, authorization_code",
    "/token, refresh_token",
    "/token, client_credentials",
];

/// Every step, in rounds; the raw signatures in between.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let directory = tempfile::TempDir::new()?;
    let github = GitHub::start(directory.path())?;
    let mut settings = github.settings.clone();
    settings.push(("CLIENTS".to_owned(), machine_client()));
    settings.push(("MAX_CLIENTS".to_owned(), "10000000".to_owned()));
    let system = System::start(&Options {
        settings,
        ..Options::default()
    })?;
    let target = Target::of(&system);
    // The first requests find nothing connected and nothing cached.
    let warm_up = Plan {
        requests: 100,
        ..*plan
    };
    round(&system, &target, warm_up, &mut Rounds::default())?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        round(&system, &target, *plan, &mut rounds)?;
    }
    figures(&rounds, report);
    Ok(())
}

fn round(system: &System, target: &Target, plan: Plan, rounds: &mut Rounds) -> Outcome<()> {
    let runtime = &system.runtime;
    let pids = [system.auth_service.pid()];
    let n = plan.requests;
    let mut add = |name, cost: Cost| match rounds.steps.iter_mut().find(|(own, _)| *own == name) {
        Some((_, costs)) => costs.push(cost.each()),
        None => rounds.steps.push((name, vec![cost.each()])),
    };

    let (clients, cost) = counted(runtime, &pids, n, |_| target.register())?;
    add("POST /register", cost);
    let client = clients.first().ok_or("no client")?.as_str();
    let (pages, cost) = counted(runtime, &pids, n, |_| target.authorize(client))?;
    add("GET /authorize", cost);
    let at = |list: &[_], at: usize| list.get(at).cloned().ok_or("too few");
    let (approved, cost) = counted(runtime, &pids, n, async |own| {
        target.approve(&at(&pages, own)?).await
    })?;
    add("POST /consent", cost);
    let (back, _) = counted(runtime, &pids, n, async |own| {
        let approved = approved.get(own).ok_or("too few")?;
        Ok((approved, target.signed_in(approved).await?))
    })?;
    let (codes, cost) = counted(runtime, &pids, n, async |own| {
        let (approved, back) = back.get(own).ok_or("too few")?;
        target.callback(approved, back).await
    })?;
    add("GET /callback, with both questions to GitHub", cost);

    let [by_code, by_refresh, by_credentials] = TOKENS;
    let (tokens, cost) = counted(runtime, &pids, n, async |own| {
        target
            .redeem(client, codes.get(own).ok_or("too few")?)
            .await
    })?;
    add(by_code, cost);
    let (tokens, cost): (Vec<Tokens>, _) = counted(runtime, &pids, n, async |own| {
        let refresh = &tokens.get(own).ok_or("too few")?.refresh;
        target.refresh(client, refresh).await
    })?;
    add(by_refresh, cost);
    let (_, cost) = counted(runtime, &pids, n, |_| {
        target.client_credentials(MACHINE, SECRET)
    })?;
    add(by_credentials, cost);
    let (_, cost) = counted(runtime, &pids, n, async |own| {
        let access = &tokens.get(own).ok_or("too few")?.access;
        target.revoke(client, access).await
    })?;
    add("POST /revoke", cost);

    let (jwt, ring) = raw_signatures(system, n)?;
    rounds.jwt.push(jwt);
    rounds.ring.push(ring);
    Ok(())
}

fn figures(rounds: &Rounds, report: &mut Report) {
    let jwt = Spread::of(rounds.jwt.iter().copied());
    let ring = Spread::of(rounds.ring.iter().copied());
    for (name, costs) in &rounds.steps {
        let spread = Spread::of(costs.iter().copied());
        if TOKENS.contains(name) {
            let shares = costs.iter().zip(&rounds.ring);
            report.add(Figure {
                name: format!("{name}: raw signing's share of auth-service's CPU"),
                ours: format!("{} µs", number(spread.median)),
                control: format!(
                    "{} µs by ring; {} µs with its JWT",
                    number(ring.median),
                    number(jwt.median)
                ),
                result: Spread::of(shares.map(|(cost, raw)| raw / cost)),
                unit: "",
                goal: Goal::AtLeast(0.85),
            });
        } else {
            report.add(Figure {
                name: format!("{name}: auth-service's CPU"),
                ours: String::new(),
                control: String::new(),
                result: spread,
                unit: "µs",
                goal: Goal::AtMost(1000.0),
            });
        }
    }
}

/// The processor time of a token's JWT, and of its signature alone.
fn raw_signatures(system: &System, count: u32) -> Outcome<(f64, f64)> {
    let key = system.signing_key()?;
    let mint = Mint::new(key.clone())?;
    let minted = mint.fresh("a-client-of-twenty-and-three-more-characters")?;
    let claims = mint.claims(&minted.record);
    let jwt = this_thread(count, || {
        claims.sign(&key)?;
        Ok(())
    })?;

    let pair = rsa_key(&system.path("signing"))?;
    let message = minted.text.rsplit_once('.').ok_or("no token")?.0.as_bytes();
    let mut signature = vec![0; pair.public().modulus_len()];
    #[expect(
        clippy::disallowed_methods,
        reason = "ring's own call is what is measured"
    )]
    let random = SystemRandom::new();
    let ring = this_thread(count, || {
        pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .map_err(|_| "ring cannot sign".into())
    })?;
    Ok((jwt, ring))
}

fn rsa_key(directory: &Path) -> Outcome<RsaKeyPair> {
    let file = fs::read_dir(directory)?.next().ok_or("no key")??;
    let pem = pem::parse(fs::read(file.path())?)?;
    Ok(RsaKeyPair::from_pkcs8(pem.contents()).map_err(|error| error.to_string())?)
}

/// Microseconds of this thread's processor time for each of some steps.
fn this_thread(count: u32, mut step: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let used = || -> Outcome<Duration> {
        let text = fs::read_to_string("/proc/thread-self/schedstat")?;
        let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
        Ok(Duration::from_nanos(nanoseconds))
    };
    let before = used()?;
    for _ in 0..count {
        step()?;
    }
    let cpu = used()?.saturating_sub(before);
    Ok(Cost {
        requests: count,
        cpu,
    }
    .each())
}

/// A client of the operator's, for `client_credentials`.
fn machine_client() -> String {
    let hash = ClientSecret::presented(SECRET).hash();
    format!(
        "[[client]]\nclient_id = \"{MACHINE}\"\nname = \"A machine\"\n\
         redirect_uris = [\"https://machine.example/callback\"]\nsecret_hash = \"{hash}\"\n\
         grant_types = [\"client_credentials\"]\nown_services = [\"{SERVICE}\"]\n"
    )
}
