//! A soak: real processes under load, with revocations and clean restarts of Redis, and every
//! answer held against what it may be.
//!
//! A token that nobody has begun to revoke is never refused with 401. A token whose revocation was
//! acknowledged does not pass once [`BOUND`] is over. 503 is an answer only while Redis is away.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::edge::Edge;
use crate::process::{free_address, plain_http};
use crate::stack::Stack;

/// The contract's bound for what nobody could tell a verifier of.
const BOUND: Duration = Duration::from_secs(5);
/// Only what is wrong is logged.
const QUIET: (&str, &str) = ("LOG_LEVEL", "error");
/// Verifiers under load, and the connections to each.
const VERIFIERS: usize = 3;
const CONNECTIONS: usize = 3;
/// A client that acts for itself, so that each of its tokens has a grant of its own: who revokes a
/// token ends its grant.
const CLIENTS: &str = r#"
[[client]]
client_id = "soak"
name = "Soak"
secret_hash = "6K4jc3egJW2f18T-f15QkHHAnHM9Q5CUMOuWmNPRP0s"
grant_types = ["client_credentials"]
own_services = ["fetch"]
"#;
const SECRET: &str = "a-soak-needs-a-secret-of-its-own-0123456789";
/// Good tokens in use at a time, and revoked ones that are tried still.
const TOKENS: usize = 60;
const REVOKED: usize = 60;
/// Between two revocations.
const PAUSE: Duration = Duration::from_millis(50);
/// A tenth of the whole time, and not less than this, lies between two restarts of Redis.
const LEAST_BETWEEN_RESTARTS: Duration = Duration::from_secs(3);
/// How long Redis is away.
const AWAY: Duration = Duration::from_millis(700);

/// A question that was asked while Redis was away may be given up only now, and who joined it gets
/// its answer.
const LAST_QUESTION: Duration = Duration::from_millis(250);

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// 200 for good tokens.
    pub allowed: u64,
    /// 401 for revoked ones.
    pub refused: u64,
    /// 503 while Redis was away.
    pub unavailable: u64,
    /// Revocations that were acknowledged.
    pub revoked: u64,
    /// Restarts of Redis.
    pub restarts: u64,
    /// Answers that must not be, in words.
    pub wrong: Vec<String>,
    /// 503 while Redis was there: its answer took longer than the verifier waits, which a busy
    /// machine can be the cause of.
    pub impatient: u64,
    /// Of tokens that passed after the acknowledgement of their revocation: how long after.
    pub late: Vec<Duration>,
    /// What each process had in memory, in KiB, second by second.
    pub memory: Vec<(String, Vec<u64>)>,
}

impl Report {
    /// Whether no process of ours has grown: its memory in the last quarter of the time is that in
    /// the second, give or take a tenth and a MiB.
    pub fn is_flat(&self) -> bool {
        let ours = self.memory.iter().filter(|(name, _)| name != "redis");
        ours.into_iter().all(|(_, samples)| {
            let (second, last) = quarters(samples);
            last <= second + second / 10 + 1024
        })
    }
}

/// The medians of the second and of the last quarter.
fn quarters(samples: &[u64]) -> (u64, u64) {
    let quarter = samples.len() / 4;
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or_default()
    };
    (
        median(&samples[quarter..2 * quarter]),
        median(&samples[samples.len() - quarter..]),
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} allowed, {} refused, {} unavailable; {} revoked, {} restarts of Redis",
            self.allowed, self.refused, self.unavailable, self.revoked, self.restarts
        )?;
        let latest = self.late.iter().max().copied().unwrap_or_default();
        writeln!(
            f,
            "{} requests passed after the acknowledgement of a revocation, the last {latest:?} after",
            self.late.len()
        )?;
        for (name, samples) in &self.memory {
            let (second, last) = quarters(samples);
            let most = samples.iter().max().copied().unwrap_or_default();
            writeln!(
                f,
                "{name}: {second} KiB in the second quarter, {last} KiB in the last, {most} KiB at most"
            )?;
        }
        writeln!(f, "{} answers of 503 while Redis was there", self.impatient)?;
        writeln!(f, "{} wrong answers", self.wrong.len())?;
        for wrong in self.wrong.iter().take(20) {
            writeln!(f, "  {wrong}")?;
        }
        Ok(())
    }
}

/// A token in use.
struct InUse {
    text: String,
    /// Somebody has begun to revoke it.
    revoking: Cell<bool>,
    /// The revocation was acknowledged then.
    revoked: Cell<Option<Instant>>,
}

struct Soak {
    end: Instant,
    good: RefCell<Vec<Rc<InUse>>>,
    revoked: RefCell<Vec<Rc<InUse>>>,
    /// Redis may be away, or a verifier not be back yet.
    unsettled: Cell<bool>,
    /// How often that was so before; an answer that spans one may be 503 as well.
    times_unsettled: Cell<u64>,
    report: RefCell<Report>,
}

/// Runs it for this long.
pub async fn run(time: Duration) -> Report {
    let mut stack = Stack::start_with(&[QUIET, ("CLIENTS", CLIENTS)]).await;
    let mut edges = Vec::new();
    for _ in 0..VERIFIERS {
        let listen = free_address();
        // A small memory is full soon; what grows after that is a leak.
        let settings = [("VERIFIER_CACHE_MB", "1"), QUIET];
        stack.add_verifier(listen, &settings).await;
        edges.push(Edge {
            forward_auth: listen,
            ..stack.edge.clone()
        });
    }
    let machine = Machine {
        edge: stack.edge.clone(),
        http: plain_http(),
    };
    let soak = Rc::new(Soak {
        end: Instant::now() + time,
        good: RefCell::default(),
        revoked: RefCell::default(),
        unsettled: Cell::new(false),
        times_unsettled: Cell::new(0),
        report: RefCell::default(),
    });
    for _ in 0..TOKENS {
        let token = machine.next_token().await;
        soak.good.borrow_mut().push(token);
    }
    let mut tasks = Vec::new();
    for (number, edge) in edges.iter().enumerate() {
        for connection in 0..CONNECTIONS {
            let (soak, edge) = (Rc::clone(&soak), edge.clone());
            let seed = number * CONNECTIONS + connection;
            tasks.push(actix_web::rt::spawn(async move {
                soak.load(&edge, seed).await;
            }));
        }
    }
    let revoking = Rc::clone(&soak);
    tasks.push(actix_web::rt::spawn(async move {
        revoking.revoke(machine).await;
    }));
    soak.restart_and_sample(&mut stack, &edges, time).await;
    for task in tasks {
        task.await.expect("a task ends well");
    }
    soak.report.take()
}

/// The client.
struct Machine {
    edge: Edge,
    http: reqwest::Client,
}

impl Machine {
    /// Another access token.
    async fn next_token(&self) -> Rc<InUse> {
        let resource = self.edge.resource("fetch");
        let form = [
            ("grant_type", "client_credentials"),
            ("resource", &resource),
        ];
        let answer = self.post("token", &form).await;
        let body: serde_json::Value = answer.json().await.expect("JSON");
        Rc::new(InUse {
            text: body["access_token"].as_str().expect("a token").to_owned(),
            revoking: Cell::new(false),
            revoked: Cell::new(None),
        })
    }

    async fn revoke(&self, token: &InUse) {
        self.post("revoke", &[("token", &token.text)]).await;
    }

    /// Asks until Redis is there.
    async fn post(&self, endpoint: &str, form: &[(&str, &str)]) -> reqwest::Response {
        let url = format!("{}/{endpoint}", self.edge.issuer());
        let url = url.parse().expect("a URL");
        loop {
            let request = self.edge.route(&self.http, reqwest::Method::POST, &url);
            let request = request.basic_auth("soak", Some(SECRET)).form(form);
            let answer = request.send().await.expect("an answer");
            match answer.status().as_u16() {
                200 => return answer,
                503 => sleep(PAUSE).await,
                other => panic!("{endpoint}: {other}"),
            }
        }
    }
}

impl Soak {
    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Uses one token after the other at a verifier: mostly good ones.
    async fn load(&self, edge: &Edge, seed: usize) {
        let http = plain_http();
        let mut turn = seed;
        while !self.is_over() {
            turn += 7;
            let pool = if turn.is_multiple_of(4) {
                &self.revoked
            } else {
                &self.good
            };
            let token = {
                let pool = pool.borrow();
                pool.get(turn % pool.len().max(1)).map(Rc::clone)
            };
            match token {
                Some(token) => self.use_one(&http, edge, &token).await,
                None => sleep(PAUSE).await,
            }
        }
    }

    async fn use_one(&self, http: &reqwest::Client, edge: &Edge, token: &InUse) {
        let asked = Instant::now();
        let revoked_before = token.revoked.get();
        let (times, unsettled) = (self.times_unsettled.get(), self.unsettled.get());
        let request = edge.verify(http, "fetch").bearer_auth(&token.text);
        let status = request.send().await.expect("an answer").status().as_u16();
        let unsettled = unsettled || self.unsettled.get() || times != self.times_unsettled.get();
        let late = revoked_before.map(|at| asked.saturating_duration_since(at));
        let mut report = self.report.borrow_mut();
        match status {
            200 => match late {
                None => report.allowed += 1,
                Some(late) if late < BOUND => report.late.push(late),
                Some(late) => report
                    .wrong
                    .push(format!("200 {late:?} after the revocation")),
            },
            401 if token.revoking.get() => report.refused += 1,
            503 if unsettled => report.unavailable += 1,
            503 => report.impatient += 1,
            _ => report.wrong.push(format!(
                "{status} for a token that is {}; Redis is {}",
                if token.revoking.get() {
                    "revoked"
                } else {
                    "good"
                },
                if unsettled { "away" } else { "there" }
            )),
        }
    }

    /// Revokes a token each moment, and puts another in its place.
    async fn revoke(&self, machine: Machine) {
        let mut turn = 0;
        while !self.is_over() {
            turn += 1;
            let next = machine.next_token().await;
            let place = turn % TOKENS;
            let token = std::mem::replace(&mut self.good.borrow_mut()[place], next);
            token.revoking.set(true);
            machine.revoke(&token).await;
            token.revoked.set(Some(Instant::now()));
            self.report.borrow_mut().revoked += 1;
            {
                let mut revoked = self.revoked.borrow_mut();
                revoked.push(token);
                if revoked.len() > REVOKED {
                    revoked.remove(0);
                }
            }
            sleep(PAUSE).await;
        }
    }

    async fn restart_and_sample(&self, stack: &mut Stack, edges: &[Edge], time: Duration) {
        let between = (time / 10).max(LEAST_BETWEEN_RESTARTS);
        let mut next = Instant::now() + between;
        while !self.is_over() {
            sleep(Duration::from_secs(1)).await;
            self.sample(stack);
            if Instant::now() >= next {
                self.unsettled.set(true);
                self.times_unsettled.set(self.times_unsettled.get() + 1);
                stack.redis.stop();
                sleep(AWAY).await;
                stack.redis.restart().await;
                for edge in edges {
                    until_ready(edge).await;
                }
                sleep(LAST_QUESTION).await;
                self.unsettled.set(false);
                self.report.borrow_mut().restarts += 1;
                next = Instant::now() + between;
            }
        }
    }

    fn sample(&self, stack: &Stack) {
        let mut processes = vec![("auth-service".to_owned(), stack.auth_service.pid())];
        // The first is not under load.
        for (number, verifier) in stack.verifiers.iter().enumerate().skip(1) {
            processes.push((format!("forward-auth {number}"), verifier.pid()));
        }
        processes.extend(stack.redis.pid().map(|pid| ("redis".to_owned(), pid)));
        let memory = &mut self.report.borrow_mut().memory;
        for (name, pid) in processes {
            let kib = resident(pid);
            match memory.iter_mut().find(|(known, _)| *known == name) {
                Some((_, samples)) => samples.push(kib),
                None => memory.push((name, vec![kib])),
            }
        }
    }
}

/// `VmRSS` of a process.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.trim().parse().ok()).expect("a size")
}

async fn until_ready(edge: &Edge) {
    let url = format!("http://{}/ready", edge.forward_auth);
    let http = plain_http();
    while !http
        .get(&url)
        .send()
        .await
        .is_ok_and(|it| it.status() == 200)
    {
        sleep(PAUSE).await;
    }
}
