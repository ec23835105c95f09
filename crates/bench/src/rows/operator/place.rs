//! A store, and the operator's commands on it.

use std::cell::RefCell;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use test_kit::redis::Redis;
use token_core::store::Store;
use token_store::{RedisStore, SqliteStore};
use tokio::runtime::Runtime;

use super::beside::Beside;
use crate::Outcome;
use crate::mint::Mint;
use crate::report::number;
use crate::run::say;
use crate::seed::{self, Identifiers};
use crate::server::peak_of;
use crate::system::{as_shipped, settings_of};
use crate::tools::{Cores, ours};

/// The single process's own name.
pub(super) const ORIGIN: &str = "http://localhost:8080";
/// How often a command's memory is looked at: it only ever grows.
const LOOK: Duration = Duration::from_millis(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Redis,
    Sqlite,
}

impl Kind {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Redis => Self::Sqlite,
            Self::Sqlite => Self::Redis,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "Redis",
            Self::Sqlite => "SQLite",
        })
    }
}

/// What became of a command.
pub(super) struct Ran {
    pub(super) took: Duration,
    /// Megabytes.
    pub(super) peak: f64,
    /// Milliseconds, the longest of those who asked the store meanwhile.
    pub(super) others_waited: f64,
    pub(super) last_line: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} MB, {} s; another waited {} ms at most",
            number(self.peak),
            number(self.took.as_secs_f64()),
            number(self.others_waited)
        )
    }
}

/// A store of its own, with a place for backups and the key to them.
pub(super) struct Place<'a> {
    pub(super) kind: Kind,
    runtime: &'a Runtime,
    directory: TempDir,
    redis: Option<Redis>,
    backups: RefCell<Backups>,
}

#[derive(Clone)]
struct Backups {
    directory: PathBuf,
    key: PathBuf,
    public: String,
}

impl<'a> Place<'a> {
    pub(super) fn new(kind: Kind, runtime: &'a Runtime) -> Outcome<Self> {
        let directory = TempDir::new()?;
        let key = directory.path().join("key");
        let keygen = ours("gateway", Cores::All)?
            .args(["backup", "keygen"])
            .arg(&key)
            .output()?;
        let backups = Backups {
            directory: directory.path().join("backups"),
            public: String::from_utf8(keygen.stdout)?.trim().to_owned(),
            key,
        };
        let redis = match kind {
            Kind::Redis => {
                let redis = runtime.block_on(Redis::start());
                runtime.block_on(as_shipped(&redis))?;
                Some(redis)
            }
            Kind::Sqlite => {
                SqliteStore::open(directory.path().join("gateway.db"))?;
                None
            }
        };
        Ok(Self {
            kind,
            runtime,
            directory,
            redis,
            backups: RefCell::new(backups),
        })
    }

    /// From now on its backups are the other's.
    pub(super) fn takes_backups_of(&self, other: &Self) {
        *self.backups.borrow_mut() = other.backups.borrow().clone();
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("gateway.db")
    }

    pub(super) fn fill(
        &self,
        mint: &Mint,
        numbers: Range<u64>,
        who: fn(u64) -> Identifiers,
    ) -> Outcome<()> {
        match &self.redis {
            Some(redis) => self
                .runtime
                .block_on(seed::redis::fill(redis, mint, numbers, who)),
            None => self
                .runtime
                .block_on(seed::sqlite::fill(&self.file(), mint, numbers, who)),
        }
    }

    /// How much it takes, in megabytes: of memory in Redis, of the disk in a file.
    pub(super) fn holds(&self) -> Outcome<f64> {
        let kibibytes: u32 = match &self.redis {
            Some(redis) => {
                let memory = redis.command(&["INFO", "memory"]);
                let used = memory
                    .lines()
                    .find_map(|line| line.strip_prefix("used_memory:"));
                let bytes: u64 = used.ok_or("no used_memory")?.trim().parse()?;
                u32::try_from(bytes >> 10)?
            }
            None => u32::try_from(std::fs::metadata(self.file())?.len() >> 10)?,
        };
        Ok(f64::from(kibibytes) / 1024.0)
    }

    fn store(&self) -> Outcome<Box<dyn Store>> {
        Ok(match &self.redis {
            Some(redis) => Box::new(RedisStore::connect(&settings_of(redis))?),
            None => Box::new(SqliteStore::open(self.file())?),
        })
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, words: &[&str]) -> Outcome<Ran> {
        let beside = Beside::begin(self.store()?)?;
        let began = Instant::now();
        let mut child = self.command(words)?.spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let lines = std::thread::spawn(move || {
            let mut last = String::new();
            for line in BufReader::new(output).lines() {
                last = line?;
            }
            Ok::<_, std::io::Error>(last)
        });
        let (peak, ended_well) = watched(&mut child)?;
        let took = began.elapsed();
        let last_line = lines.join().map_err(|_| "the reader panicked")??;
        if !ended_well {
            return Err(format!("{} failed", words.join(" ")).into());
        }
        let ran = Ran {
            took,
            peak,
            others_waited: beside.end()?,
            last_line,
        };
        say(&format!("{} ({}): {ran}", words.join(" "), self.kind));
        Ok(ran)
    }

    fn command(&self, words: &[&str]) -> Outcome<Command> {
        let backups = self.backups.borrow();
        let mut command = ours("gateway", Cores::All)?;
        command
            .args(words)
            .current_dir(Path::new("/"))
            .env("BACKUP_DIR", &backups.directory)
            .env("BACKUP_RECIPIENTS", &backups.public)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        if let ["backup", "view" | "restore", ..] = words {
            command.arg("--identity").arg(&backups.key);
        }
        match &self.redis {
            Some(redis) => command
                .env("BASE_DOMAIN", "bench.test")
                .env("ALLOWED_GITHUB_USERS", "octocat")
                .env("REDIS_URL", format!("redis://{}", redis.address))
                .env("REDIS_PASSWORD", &redis.password),
            None => command.env("GATEWAY_DATA_DIR", self.directory.path()),
        };
        Ok(command)
    }
}

/// Waits for its end: the most memory that was seen, and whether it ended well.
fn watched(child: &mut Child) -> Outcome<(f64, bool)> {
    let mut peak = 0.0_f64;
    loop {
        // Its memory is gone as soon as it has ended.
        peak = peak.max(peak_of(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            return Ok((peak, status.success()));
        }
        std::thread::sleep(LOOK);
    }
}
