//! Whether a request costs more where there are a million clients and tokens than where there are
//! a thousand: in Redis (auth-service and Redis together) and in SQLite (the single process).

use std::path::Path;
use std::process::Command;

use test_kit::process::free_address;
use token_core::keys::{SigningAlgorithm, SigningKey, generate_ed25519_pem};
use token_core::pkce::CodeVerifier;
use token_core::secret::AuthorizationCode;
use token_core::store::{CodeRecord, Store};
use token_core::{ClientId, Clock as _, RedirectUri, Seconds, SystemClock, SystemEntropy};
use token_store::SqliteStore;
use tokio::runtime::Runtime;

use super::target::{REDIRECT_URI, Target, VERIFIER};
use super::{Cost, Plan, counted};
use crate::Outcome;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::seed;
use crate::server::Server;
use crate::stats::Spread;
use crate::system::{Options, System, connection_to, listens};
use crate::tools::{Cores, ours};

const FEW: u64 = 1000;
const CLIENT: &str = "the-client-that-is-measured";
const STEPS: [&str; 5] = [
    "POST /register",
    "GET /authorize",
    "/token, authorization_code",
    "/token, refresh_token",
    "POST /revoke",
];

/// A store with an authorization server before it.
struct Subject {
    target: Target,
    /// The processes that work for a request.
    pids: Vec<u32>,
    store: Box<dyn Store>,
    mint: Mint,
}

/// In Redis.
pub fn redis(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let start = |size| -> Outcome<(System, Subject)> {
        let ceiling = ("MAX_CLIENTS".to_owned(), (2 * plan.many).to_string());
        let system = System::start(&Options {
            settings: vec![ceiling],
            ..Options::default()
        })?;
        let mint = Mint::new(system.signing_key()?)?;
        let fill = seed::redis::fill(&system.redis, &mint, 0..size, seed::Identifiers::of);
        system.runtime.block_on(fill)?;
        let pids = vec![system.auth_service.pid(), redis_pid(&system)?];
        let subject = Subject {
            target: Target::of(&system),
            pids,
            store: Box::new(system.store.clone()),
            mint,
        };
        Ok((system, subject))
    };
    let (small_system, small) = start(FEW)?;
    let (_large_system, large) = start(plan.many)?;
    compare(
        "Redis",
        &small_system.runtime,
        plan,
        (&large, &small),
        report,
    )
}

/// In SQLite.
pub fn sqlite(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let directory = tempfile::TempDir::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let start = |size: u64| -> Outcome<(Server, Subject)> {
        let data = directory.path().join(size.to_string());
        let port = free_address().port();
        let origin = format!("http://localhost:{port}");
        let gateway = |data: &Path| -> Outcome<Server> {
            let command = gateway(data, port, plan)?;
            let mut server = Server::start("gateway", command, directory.path())?;
            server.wait_until("listens", || listens(([127, 0, 0, 1], port).into()))?;
            Ok(server)
        };
        // The first start makes everything that belongs into the directory.
        gateway(&data)?.stop()?;
        let file = data.join("gateway.db");
        let pem = generate_ed25519_pem(&SystemEntropy::new())?;
        // Its signatures are never looked at here: what is stored of a token has none.
        let key = SigningKey::from_pkcs8_pem(pem.as_bytes())?;
        let mint = Mint::of_single_process(key, &origin)?;
        runtime.block_on(seed::sqlite::fill(
            &file,
            &mint,
            0..size,
            seed::Identifiers::of,
        ))?;
        let server = gateway(&data)?;
        let subject = Subject {
            target: Target::at(&origin),
            pids: vec![server.pid()],
            store: Box::new(SqliteStore::open(&file)?),
            mint,
        };
        Ok((server, subject))
    };
    let (_small_server, small) = start(FEW)?;
    let (_large_server, large) = start(plan.many)?;
    compare("SQLite", &runtime, plan, (&large, &small), report)
}

fn gateway(data: &Path, port: u16, plan: &Plan) -> Outcome<Command> {
    let mut command = ours("gateway", Cores::All)?;
    command
        .args(["--port", &port.to_string()])
        .arg("--data-dir")
        .arg(data)
        .env("LOCAL_PASSPHRASE", "nobody signs in here")
        .env("JWT_ALGORITHM", SigningAlgorithm::Rs256.name())
        .env("MAX_CLIENTS", (2 * plan.many).to_string());
    Ok(command)
}

fn compare(
    store: &str,
    runtime: &Runtime,
    plan: &Plan,
    (large, small): (&Subject, &Subject),
    report: &mut Report,
) -> Outcome<()> {
    let warm_up = Plan {
        requests: 100,
        ..*plan
    };
    for subject in [large, small] {
        let client = seed::client(CLIENT)?;
        runtime.block_on(subject.store.put_client(&client, SystemClock.now()))?;
        round(runtime, subject, &warm_up)?;
    }
    let (mut of_large, mut of_small) = (Vec::new(), Vec::new());
    for at in 0..plan.rounds {
        if at % 2 == 0 {
            of_large.push(round(runtime, large, plan)?);
            of_small.push(round(runtime, small, plan)?);
        } else {
            of_small.push(round(runtime, small, plan)?);
            of_large.push(round(runtime, large, plan)?);
        }
    }
    for (at, step) in STEPS.iter().enumerate() {
        let costs = |rounds: &[[Cost; STEPS.len()]]| {
            let costs = rounds.iter().filter_map(|round| round.get(at));
            costs.map(|cost| cost.each()).collect::<Vec<_>>()
        };
        let (of_large, of_small) = (costs(&of_large), costs(&of_small));
        let words = |costs: &[f64]| {
            let median = Spread::of(costs.iter().copied()).median;
            format!("{} µs", number(median))
        };
        report.add(Figure {
            name: format!(
                "{store}, {step}: CPU with {} of each, against {FEW}",
                plan.many
            ),
            ours: words(&of_large),
            control: words(&of_small),
            result: Spread::of(
                of_large
                    .iter()
                    .zip(&of_small)
                    .map(|(own, other)| own / other),
            ),
            unit: "",
            goal: Goal::AtMost(1.10),
        });
    }
    Ok(())
}

/// Each step as many times.
fn round(runtime: &Runtime, subject: &Subject, plan: &Plan) -> Outcome<[Cost; STEPS.len()]> {
    let Subject { target, pids, .. } = subject;
    let (_, register) = counted(runtime, pids, plan, |_| target.register())?;
    let (_, authorize) = counted(runtime, pids, plan, |_| target.authorize(CLIENT))?;
    let codes = runtime.block_on(codes(subject, plan.requests))?;
    let (tokens, by_code) = counted(runtime, pids, plan, async |at| {
        target.redeem(CLIENT, codes.get(at).ok_or("too few")?).await
    })?;
    let (tokens, by_refresh) = counted(runtime, pids, plan, async |at| {
        let refresh = &tokens.get(at).ok_or("too few")?.refresh;
        target.refresh(CLIENT, refresh).await
    })?;
    let (_, revoke) = counted(runtime, pids, plan, async |at| {
        let access = &tokens.get(at).ok_or("too few")?.access;
        target.revoke(CLIENT, access).await
    })?;
    Ok([register, authorize, by_code, by_refresh, revoke])
}

/// Codes as a sign-in leaves them: the person's part does not matter here.
async fn codes(subject: &Subject, count: u32) -> Outcome<Vec<String>> {
    let verifier = CodeVerifier::parse(VERIFIER)?;
    let mut codes = Vec::new();
    for _ in 0..count {
        let now = SystemClock.now();
        let grant = subject.mint.grant(ClientId::parse(CLIENT)?)?;
        let code = AuthorizationCode::generate(&grant.id, &SystemEntropy::new())?;
        let record = CodeRecord {
            key: code.key()?,
            grant,
            redirect_uri: RedirectUri::parse(REDIRECT_URI)?,
            code_challenge: verifier.challenge(),
            expires_at: now.plus(Seconds(600)),
        };
        subject.store.put_code(&record, now).await?;
        codes.push(code.expose().to_owned());
    }
    Ok(codes)
}

fn redis_pid(system: &System) -> Outcome<u32> {
    let info: String = system.runtime.block_on(async {
        let mut connection = connection_to(&system.redis).await?;
        let info = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut connection)
            .await;
        Ok::<String, crate::Failure>(info?)
    })?;
    let pid = info
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"));
    Ok(pid.ok_or("no process_id")?.trim().parse()?)
}
