//! One sign-in and its tokens, step by step, over the deployment: what each step costs
//! auth-service, and what share of a token is its signature.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use token_core::access_token::AccessTokenClaims;
use token_core::keys::SigningKey;
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
    /// In the order of a sign-in.
    steps: Vec<Step>,
    /// A JWT of the same claims, as auth-service signs it.
    jwt: Vec<f64>,
}

struct Step {
    name: &'static str,
    costs: Vec<f64>,
    /// For one that gives a token: a signature alone, by ring, right after it.
    ring: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, name: &'static str, cost: Cost, ring: Option<f64>) {
        let (costs, ring) = (vec![cost.each()], Vec::from_iter(ring));
        match self.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => {
                step.costs.extend(costs);
                step.ring.extend(ring);
            }
            None => self.steps.push(Step { name, costs, ring }),
        }
    }
}

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
    round(&system, &target, &warm_up, &mut Rounds::default())?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        round(&system, &target, plan, &mut rounds)?;
    }
    figures(&rounds, report);
    Ok(())
}

fn round(system: &System, target: &Target, plan: &Plan, rounds: &mut Rounds) -> Outcome<()> {
    let runtime = &system.runtime;
    let pids = [system.auth_service.pid()];
    let n = plan.requests;
    let (clients, cost) = counted(runtime, &pids, plan, |_| target.register())?;
    rounds.add("POST /register", cost, None);
    let client = clients.first().ok_or("no client")?.as_str();
    let (pages, cost) = counted(runtime, &pids, plan, |_| target.authorize(client))?;
    rounds.add("GET /authorize", cost, None);
    let at = |list: &[_], at: usize| list.get(at).cloned().ok_or("too few");
    let (approved, cost) = counted(runtime, &pids, plan, async |own| {
        target.approve(&at(&pages, own)?).await
    })?;
    rounds.add("POST /consent", cost, None);
    let (back, _) = counted(runtime, &pids, plan, async |own| {
        let approved = approved.get(own).ok_or("too few")?;
        Ok((approved, target.signed_in(approved).await?))
    })?;
    let (codes, cost) = counted(runtime, &pids, plan, async |own| {
        let (approved, back) = back.get(own).ok_or("too few")?;
        target.callback(approved, back).await
    })?;
    rounds.add("GET /callback, with both questions to GitHub", cost, None);

    let raw = Raw::of(system)?;
    let (tokens, cost) = counted(runtime, &pids, plan, async |own| {
        target
            .redeem(client, codes.get(own).ok_or("too few")?)
            .await
    })?;
    rounds.add("/token, authorization_code", cost, Some(raw.ring(n)?));
    let (tokens, cost): (Vec<Tokens>, _) = counted(runtime, &pids, plan, async |own| {
        let refresh = &tokens.get(own).ok_or("too few")?.refresh;
        target.refresh(client, refresh).await
    })?;
    rounds.add("/token, refresh_token", cost, Some(raw.ring(n)?));
    let (_, cost) = counted(runtime, &pids, plan, |_| {
        target.client_credentials(MACHINE, SECRET)
    })?;
    rounds.add("/token, client_credentials", cost, Some(raw.ring(n)?));
    let (_, cost) = counted(runtime, &pids, plan, async |own| {
        let access = &tokens.get(own).ok_or("too few")?.access;
        target.revoke(client, access).await
    })?;
    rounds.add("POST /revoke", cost, None);
    rounds.jwt.push(raw.jwt(n)?);
    Ok(())
}

fn figures(rounds: &Rounds, report: &mut Report) {
    let median = |of: &[f64]| number(Spread::of(of.iter().copied()).median);
    for Step { name, costs, ring } in &rounds.steps {
        if ring.is_empty() {
            report.add(Figure {
                name: format!("{name}: auth-service's CPU"),
                ours: String::new(),
                control: String::new(),
                result: Spread::of(costs.iter().copied()),
                unit: "µs",
                goal: Goal::AtMost(1000.0),
            });
        } else {
            report.add(Figure {
                name: format!("{name}: raw signing's share of auth-service's CPU"),
                ours: format!("{} µs", median(costs)),
                control: format!(
                    "{} µs by ring; {} µs with its JWT",
                    median(ring),
                    median(&rounds.jwt)
                ),
                result: Spread::of(costs.iter().zip(ring).map(|(cost, raw)| raw / cost)),
                unit: "",
                goal: Goal::AtLeast(0.85),
            });
        }
    }
}

/// What auth-service signs for a token, signed here.
struct Raw {
    key: SigningKey,
    claims: AccessTokenClaims,
    pair: RsaKeyPair,
    message: Vec<u8>,
}

impl Raw {
    fn of(system: &System) -> Outcome<Self> {
        let key = system.signing_key()?;
        let mint = Mint::new(key.clone())?;
        let minted = mint.fresh("a-client-of-twenty-and-three-more-characters")?;
        let (message, _) = minted.text.rsplit_once('.').ok_or("no token")?;
        Ok(Self {
            claims: mint.claims(&minted.record),
            key,
            pair: rsa_key(&system.path("signing"))?,
            message: message.as_bytes().to_vec(),
        })
    }

    /// The processor time of the JWT.
    fn jwt(&self, count: u32) -> Outcome<f64> {
        this_thread(count, || {
            self.claims.sign(&self.key)?;
            Ok(())
        })
    }

    /// The processor time of the signature alone.
    fn ring(&self, count: u32) -> Outcome<f64> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        #[expect(
            clippy::disallowed_methods,
            reason = "ring's own call is what is measured"
        )]
        let random = SystemRandom::new();
        this_thread(count, || {
            self.pair
                .sign(&RSA_PKCS1_SHA256, &random, &self.message, &mut signature)
                .map_err(|_| "ring cannot sign".into())
        })
    }
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
