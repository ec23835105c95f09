//! A real Redis of the test's own, which keeps its data over a clean restart.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;
use test_kit::process::free_address;
use token_store::{RedisSettings, RedisStore};

const PASSWORD: &str = "of-the-store";
const VERIFIER_PASSWORD: &str = "of-the-verifier";

/// A running `redis-server`, or one that was stopped.
pub(crate) struct RedisServer {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        // Another process may take the port first: then this Redis ends, and the next is tried.
        for _ in 0..8 {
            let (port, directory) = (free_address().port(), TempDir::new().unwrap());
            let process = spawn(port, &directory);
            let mut server = Self {
                process,
                port,
                directory,
            };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server finds no free port");
    }

    /// A clean shutdown: all that was acknowledged is kept.
    pub(crate) fn stop(&mut self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(status.unwrap().success());
        self.process.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.port, &self.directory);
        assert!(self.is_up(), "redis-server does not come back");
    }

    /// Waits until it answers; `false` when it ended instead.
    fn is_up(&mut self) -> bool {
        let url = format!("redis://:{PASSWORD}@{}", self.address());
        let client = redis::Client::open(url).unwrap();
        for _ in 0..2000 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if let Ok(mut connection) = client.get_connection()
                && redis::cmd("PING").exec(&mut connection).is_ok()
            {
                return true;
            }
            sleep(Duration::from_millis(5));
        }
        panic!("redis-server runs but does not answer");
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::connect(&RedisSettings {
            url: format!("redis://{}", self.address()),
            password: Some(PASSWORD.to_owned()),
        })
        .unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a verifier signs in at the Redis that is reached at `address`.
pub(crate) fn verifier_settings(address: SocketAddr) -> RedisSettings {
    RedisSettings {
        url: format!("redis://verifier@{address}"),
        password: Some(VERIFIER_PASSWORD.to_owned()),
    }
}

fn spawn(port: u16, directory: &TempDir) -> Child {
    let verifier = format!(
        "on >{VERIFIER_PASSWORD} resetchannels -@all +get +ping +zrange +client|tracking \
         %R~oauth:token:* %R~oauth:retired_keys %R~oauth:reload"
    );
    Command::new("redis-server")
        .current_dir(directory.path())
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--requirepass", PASSWORD, "--user", "verifier"])
        .args(verifier.split(' '))
        .args([
            "(+set %W~oauth:last_used:*)",
            "(+xadd %W~oauth:audit:verifier)",
        ])
        .args(["--appendonly", "yes", "--appendfsync", "no"])
        .args(["--save", ""])
        .stdout(Stdio::null())
        .spawn()
        .expect(
            "redis-server must be installed to run this test (Debian: apt install redis-server)",
        )
}
