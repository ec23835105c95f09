//! A network and a file system of the test's own, in a child process that ends with the test.

use std::path::Path;
use std::process::Command;

use crate::dns::NameServer;
use crate::internet::Internet;
use crate::tls::Certificates;

/// Set in the child, to the directory that it was given.
const INSIDE: &str = "EGRESS_TEST_INTERNET";

/// Runs `body` in a namespace of its own. `test` is the calling test's name.
pub(crate) fn inside<F: Future<Output = ()>>(test: &str, body: impl FnOnce(Internet) -> F) {
    if let Some(directory) = std::env::var_os(INSIDE) {
        set_up(Path::new(&directory));
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        return runtime.block_on(async {
            let certificates = Certificates::read(Path::new(&directory));
            body(Internet::start(NameServer::start().await, &certificates).await).await;
        });
    }
    let directory = tempfile::tempdir().unwrap();
    Certificates::write(directory.path());
    let output = Command::new("unshare")
        .args(privileges())
        .args(["--net", "--mount", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, directory.path())
        .env("SSL_CERT_FILE", directory.path().join("ca.pem"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "no test of this name: {test}");
}

/// Root is used where it is had; otherwise a user namespace stands in for it.
fn privileges() -> &'static [&'static str] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let root = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
    if root {
        &[]
    } else {
        &["--user", "--map-root-user"]
    }
}

/// Every address is this machine's, and the name server is at 127.0.0.1.
fn set_up(directory: &Path) {
    let resolver = directory.join("resolv.conf");
    std::fs::write(&resolver, "nameserver 127.0.0.1\noptions timeout:5\n").unwrap();
    let hosts = directory.join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n::1 localhost\n").unwrap();
    for command in [
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
        &format!("mount --bind {} /etc/resolv.conf", resolver.display()),
        &format!("mount --bind {} /etc/hosts", hosts.display()),
    ] {
        let mut words = command.split(' ');
        let status = Command::new(words.next().unwrap()).args(words).status();
        assert!(status.unwrap().success(), "{command}");
    }
}
