//! A real Redis with the users of the shipped deployment, in a directory of its own.

use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, eventually, free_address};
use crate::random;

/// A running `redis-server`. It writes every command through to its file, so that it comes back
/// from [`Redis::kill`] with all that it had.
#[derive(Debug)]
pub struct Redis {
    /// Where it listens.
    pub address: SocketAddr,
    /// The password of the default user.
    pub password: String,
    /// The password of the user `verifier`.
    pub verifier_password: String,
    directory: TempDir,
    process: Option<Process>,
}

impl Redis {
    /// Starts one; fails the test where `redis-server` is not installed.
    pub async fn start() -> Self {
        let mut redis = Self {
            address: free_address(),
            password: random::hex(16),
            verifier_password: random::hex(16),
            directory: TempDir::new().expect("a directory"),
            process: None,
        };
        redis.restart().await;
        redis
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.take().expect("Redis runs").kill();
    }

    /// Starts it again on the same port with the same data.
    pub async fn restart(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .current_dir(self.directory.path())
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &self.address.port().to_string(),
            ])
            .args([
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--save",
                "",
            ])
            .args(["--requirepass", &self.password, "--loglevel", "warning"])
            .args([
                "--user",
                &format!("verifier on >{} {VERIFIER_RULES}", self.verifier_password),
            ]);
        self.process = Some(Process::start("redis-server", command));
        let address = self.address;
        eventually("Redis listens", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
    }
}

/// What the verifier's user may do: read tokens, append to the audit stream, note last use.
const VERIFIER_RULES: &str = "~oauth:* &* +@read +@connection +@pubsub +xadd +set +zadd";
