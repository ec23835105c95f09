//! A real Redis with the users of the shipped deployment, in a directory of its own.

use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, eventually, free_address};
use crate::random;

/// A running `redis-server`. It writes every command to its file before it answers, so that it comes
/// back from [`Redis::kill`] with all that it had; that the disk has it too is nobody's need here,
/// and would have each answer wait for a busy disk.
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

    /// What Redis answers to a command, as `redis-cli` prints it.
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.address.port().to_string()])
            .args(["--no-auth-warning", "-a", &self.password])
            .args(words)
            .output()
            .expect("redis-cli is installed");
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// A clean shutdown.
    pub fn stop(&mut self) {
        self.process.take().expect("Redis runs").stop();
    }

    /// The number of its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
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
            .args(["--appendonly", "yes", "--appendfsync", "no", "--save", ""])
            .args(["--requirepass", &self.password, "--logfile", "redis.log"])
            .arg("--user")
            .args(verifier_user(&self.verifier_password));
        self.process = Some(Process::start("redis-server", command));
        let address = self.address;
        eventually("Redis listens", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
    }
}

/// The verifier's user as the compose file has it, so that the test grants what production grants.
fn verifier_user(password: &str) -> Vec<String> {
    let compose = include_str!("../../../docker-compose.yml")
        .lines()
        .map(str::trim);
    let user: Vec<String> = compose
        .filter_map(|line| line.strip_prefix("- "))
        .skip_while(|item| *item != "--user")
        .skip(1)
        .take_while(|item| !item.starts_with("--"))
        .map(|item| item.trim_matches('"'))
        .map(|rule| {
            if rule.starts_with('>') {
                format!(">{password}")
            } else {
                rule.to_owned()
            }
        })
        .collect();
    assert_eq!(
        user.first().map(String::as_str),
        Some("verifier"),
        "{user:?}"
    );
    user
}
