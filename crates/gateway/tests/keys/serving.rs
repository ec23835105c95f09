//! `gateway serve` while its keys change below it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::{Operator, kid};

/// A running gateway; dropped, it is ended.
struct Serving {
    process: Child,
    port: u16,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already, which the test has noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Serving {
    fn start(operator: &Operator, algorithm: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .env_clear()
            .current_dir(&operator.home)
            .args(["serve", "--data-dir", "data", "--port", &port.to_string()])
            .env("JWT_ALGORITHM", algorithm)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port }
    }

    /// The published `kid`s, the active one first; none while it does not answer yet.
    fn published(&self) -> Vec<String> {
        self.get("/jwks").unwrap_or_default()
    }

    fn get(&self, path: &str) -> Option<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let host = format!("localhost:{}", self.port);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let set: Value = serde_json::from_str(body).ok()?;
        let keys = set["keys"].as_array()?.iter();
        Some(keys.map(|key| kid(key).to_owned()).collect())
    }

    /// Waits until the published keys are as `wanted` says.
    fn until(&self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        for _ in 0..300 {
            let keys = self.published();
            if wanted(&keys) {
                return keys;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("it never happened that {what}: {:?}", self.published())
    }
}

#[test]
fn the_single_process_follows_its_directory_without_a_restart() {
    let operator = Operator::new("ES256");
    let serving = Serving::start(&operator, "ES256");
    let first = serving
        .until("it answers", |keys| keys.len() == 1)
        .remove(0);

    let broken = operator.directory("data/keys/signing/000000000001-broken.pem");
    fs::write(&broken, "no key").unwrap();
    sleep(Duration::from_secs(3));
    assert_eq!(
        serving.published(),
        std::slice::from_ref(&first),
        "the last good ring"
    );
    fs::remove_file(broken).unwrap();

    operator.keys(&["rotate", "--data-dir", "data", "--delay", "5"]);
    let both = serving.until("the successor is upcoming", |keys| keys.len() == 2);
    assert_eq!(both[0], first);
    let turned = serving.until("the successor signs", |keys| keys[0] != first);
    assert_eq!(turned, [both[1].clone(), first]);
}

#[test]
fn another_algorithm_at_the_next_start_is_a_rotation() {
    let operator = Operator::new("ES256");
    let before = Serving::start(&operator, "ES256");
    let first = before.until("it answers", |keys| keys.len() == 1).remove(0);
    drop(before);
    let after = Serving::start(&operator, "EdDSA");
    let both = after.until("it answers", |keys| !keys.is_empty());
    assert_eq!(both.len(), 2, "the old key and its successor");
    assert!(both.contains(&first));
}
