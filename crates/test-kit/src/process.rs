//! A process of ours: started with a clean environment, waited for, ended when dropped.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How often a thing is asked for before it counts as failed.
const ATTEMPTS: u32 = 200;
/// The pause between two askings.
const PAUSE: Duration = Duration::from_millis(100);

/// A running program; dropped, it is killed and waited for.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command`; what it prints goes where the test's output goes.
    pub fn start(name: &str, mut command: Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            name: name.to_owned(),
            child,
        }
    }

    /// Waits until `GET url` answers 200; panics when the process ends before that.
    pub async fn wait_for(&mut self, url: &str) {
        let http = plain_http();
        for _ in 0..ATTEMPTS {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended before it was ready: {status}", self.name);
            }
            if http
                .get(url)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{} does not answer at {url}", self.name);
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.pid().to_string()])
            .status()
            .expect("kill starts");
        assert!(status.success(), "{name} for {}", self.name);
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.child.wait().expect("wait");
    }

    /// Waits until it has ended by itself; its exit status.
    pub async fn ended(&mut self) -> ExitStatus {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{} does not end", self.name);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until `check` says yes; panics with `what` when it never does.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    for _ in 0..ATTEMPTS {
        if check().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("it never happened that {what}");
}

/// A program of this workspace, built beside the running test.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(built(name));
    command.env_clear();
    command
}

/// `just`, about to run a recipe of the operator's with the executable of this workspace.
pub fn recipe() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(root.join(".venv/bin/just"));
    command
        .env_clear()
        // A recipe may be a script of the shell's.
        .env("PATH", "/usr/bin:/bin")
        .env("OPERATOR_COMMAND", built("gateway"))
        .arg("--justfile")
        .arg(root.join("justfile"))
        .args(["--working-directory", "/"]);
    command
}

fn built(name: &str) -> PathBuf {
    let mut directory = std::env::current_exe().expect("the test's own path");
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    let path: PathBuf = directory.join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --workspace --bins` first",
        path.display()
    );
    path
}

/// A loopback address that is free, and likely to stay so until it is used: it is below the ports
/// that the kernel gives to outgoing connections, and each process begins at another one.
pub fn free_address() -> SocketAddr {
    /// From where on, and how many.
    const PORTS: (u32, u32) = (10_000, 22_000);
    /// How far apart two processes begin: more than one ever asks for.
    const APART: u32 = 64;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let own = process::id().wrapping_mul(APART).wrapping_add(given);
        let port = PORTS.0 + own % PORTS.1;
        let port = u16::try_from(port).expect("a port");
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().expect("its address");
        }
    }
}

/// An HTTP client that follows no redirect and asks no proxy.
pub fn plain_http() -> reqwest::Client {
    // A second call finds the provider installed, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("an HTTP client")
}

/// Sends bytes that no HTTP library would, and reads to the end: the bytes of the answer.
pub async fn raw(address: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // It may refuse in the middle and close; what it said is still to be read.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
    answer
}
