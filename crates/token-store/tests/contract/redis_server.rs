//! A real Redis of the test's own.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;
use test_kit::process::free_address;
use token_core::store::{OperatorStore, Store};
use token_core::{Entropy as _, SystemClock, SystemEntropy};
use token_store::{Heard, RedisActiveTokens, RedisSettings, RedisStore};

use crate::backend::{Backend, Inspected, VerifierSlice};

/// A running `redis-server` with a password, and with a user `verifier` that may do what
/// `RedisActiveTokens` says that it needs. It comes back from [`RedisServer::stop`] with its data.
pub(crate) struct RedisServer {
    process: Child,
    port: u16,
    password: String,
    directory: TempDir,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        let password = SystemEntropy::new().token(16).unwrap();
        // Another process may take the port first: then this Redis ends, and the next is tried.
        for _ in 0..8 {
            let (port, directory) = (free_address().port(), TempDir::new().unwrap());
            let mut server = Self {
                process: spawn(port, &password, &directory),
                port,
                password: password.clone(),
                directory,
            };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server finds no free port");
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.port, &self.password, &self.directory);
        assert!(self.is_up(), "redis-server does not come back");
    }

    /// Sends a signal, such as `STOP`, after which it takes connections but never answers.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits until it answers; `false` when it ended instead.
    fn is_up(&mut self) -> bool {
        for _ in 0..400 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if let Ok(mut connection) = self.client().get_connection()
                && redis::cmd("PING").exec(&mut connection).is_ok()
            {
                return true;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("redis-server runs but does not answer");
    }

    fn client(&self) -> Client {
        Client::open(format!(
            "redis://:{}@127.0.0.1:{}",
            self.password, self.port
        ))
        .unwrap()
    }

    pub(crate) fn connection(&self) -> Connection {
        self.client().get_connection().unwrap()
    }

    /// Runs one command as the default user.
    pub(crate) fn run<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut cmd = redis::cmd(command[0]);
        cmd.arg(&command[1..])
            .query(&mut self.connection())
            .unwrap()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.run(&["KEYS", "*"])
    }

    pub(crate) fn settings(&self) -> RedisSettings {
        RedisSettings {
            url: format!("redis://127.0.0.1:{}", self.port),
            password: Some(self.password.clone()),
        }
    }

    pub(crate) fn verifier_settings(&self) -> RedisSettings {
        RedisSettings {
            url: format!("redis://verifier@127.0.0.1:{}", self.port),
            password: Some(verifier_password(&self.password)),
        }
    }

    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::connect(&self.settings()).unwrap()
    }

    pub(crate) fn active_tokens(&self) -> RedisActiveTokens {
        self.active_tokens_heard(&heard())
    }

    pub(crate) fn active_tokens_heard(&self, heard: &Heard) -> RedisActiveTokens {
        let settings = self.verifier_settings();
        RedisActiveTokens::connect(&settings, heard.clone(), Arc::new(SystemClock)).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended already, in the test or by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Backend for RedisServer {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
}

impl Inspected for RedisServer {
    fn operator(&self) -> Arc<dyn OperatorStore> {
        Arc::new(self.store())
    }

    fn verifier(&self) -> Arc<dyn VerifierSlice> {
        Arc::new(self.active_tokens())
    }

    fn damage(&self, id: &str) {
        for key in self.keys().into_iter().filter(|key| key.contains(id)) {
            let kind: String = self.run(&["TYPE", &key]);
            let () = match kind.as_str() {
                "string" => self.run(&["SET", &key, "{", "KEEPTTL"]),
                "hash" => self.run(&["HSET", &key, "record", "{"]),
                _ => continue,
            };
        }
    }
}

pub(crate) fn heard() -> Heard {
    Heard {
        freshness: Arc::default(),
        retired_keys: Arc::default(),
        reload: Arc::default(),
    }
}

fn verifier_password(password: &str) -> String {
    format!("verifier-{password}")
}

fn spawn(port: u16, password: &str, directory: &TempDir) -> Child {
    Command::new("redis-server")
        .current_dir(directory.path())
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--requirepass", password])
        .args(["--user", "verifier", "on"])
        .arg(format!(">{}", verifier_password(password)))
        .args([
            "resetchannels",
            "-@all",
            "+get",
            "+ping",
            "+zrange",
            "+client|tracking",
            "%R~oauth:token:*",
            "%R~oauth:retired_keys",
            "%R~oauth:reload",
            "(+set %W~oauth:last_used:*)",
            "(+xadd %W~oauth:audit:verifier)",
        ])
        .args(["--appendonly", "yes", "--appendfsync", "no"])
        .args(["--save", ""])
        .stdout(Stdio::null())
        .spawn()
        .expect(
            "redis-server must be installed to run this suite (Debian: apt install redis-server)",
        )
}
