//! The guard in the small, with a name server played by the test. The table of hostile URLs and
//! answers against a whole internet is in `tests/hostile`.

use std::sync::{Arc, Mutex};

use crate::support::{Answer, FakeDns, Peer, client, ok, opening};
use egress::{AddressClass, EgressError, EgressPolicy, HostPort, HostPortError, Refusal, Rule};
use tokio::net::TcpStream;

fn refused(rule: Rule, redirects: u8, host: &str) -> EgressError {
    EgressError::Refused(Refusal {
        rule,
        redirects,
        host: host.to_owned(),
    })
}

const LOOPBACK: Rule = Rule::Address(AddressClass::Loopback);

#[tokio::test]
async fn one_bad_address_spoils_the_name() {
    let secret = Peer::forbidden().await;
    let dns = FakeDns::default()
        .says("one.test", &["127.0.0.1"])
        .says("mixed.test", &["93.184.215.14", "127.0.0.1"])
        .says("last.test", &["2606:2800::1", "93.184.215.14", "::1"])
        .says("mapped.test", &["::ffff:127.0.0.1"])
        .says("none.test", &[]);
    let policy = EgressPolicy::strict().open_ports([secret.port()]);
    let client = client(policy, &Arc::new(dns));
    for name in ["one.test", "mixed.test", "last.test", "mapped.test"] {
        let url = format!("http://{name}:{}/", secret.port());
        let error = client.get(&url, "*/*").await.unwrap_err();
        assert_eq!(error, refused(LOOPBACK, 0, name));
    }
    for name in ["none.test", "unknown.test"] {
        let error = client.get(&format!("http://{name}/"), "*/*").await;
        assert_eq!(error.unwrap_err(), EgressError::Unresolved, "{name}");
    }
    assert_eq!(secret.accepted(), 0);
}

/// The name changes its answer after the check: the connection still goes where the check looked.
#[tokio::test]
async fn a_rebinding_name_is_asked_once_and_connected_where_it_was_checked() {
    let page = Peer::at("127.0.0.1:0", Answer::Whole(ok("text/plain", "checked"))).await;
    let port = page.port();
    let secret = Peer::at(&format!("127.0.0.2:{port}"), Answer::Silence).await;
    let dns = FakeDns::default()
        .says("rebind.test", &["127.0.0.1"])
        .says("rebind.test", &["127.0.0.2"]);
    let dns = Arc::new(dns);
    let client = client(opening(&[format!("rebind.test:{port}")]), &dns);
    let url = format!("http://rebind.test:{port}/");
    let fetched = client.get(&url, "*/*").await.unwrap();
    assert_eq!(&fetched.body[..], b"checked");
    assert_eq!(dns.asked("rebind.test"), 1);
    assert_eq!((page.accepted(), secret.accepted()), (1, 0));
}

/// A redirect to the same name, which has meanwhile moved to a metadata address.
#[tokio::test]
async fn a_name_that_turns_bad_between_two_hops_is_refused() {
    let page = Peer::redirecting("/again").await;
    let dns = FakeDns::default()
        .says("rebind.test", &["127.0.0.1"])
        .says("rebind.test", &["169.254.169.254"]);
    let client = client(
        opening(&[format!("rebind.test:{}", page.port())]),
        &Arc::new(dns),
    );
    let url = format!("http://rebind.test:{}/", page.port());
    let error = client.get(&url, "*/*").await.unwrap_err();
    let metadata = Rule::Address(AddressClass::Metadata);
    assert_eq!(error, refused(metadata, 1, "rebind.test"));
    assert_eq!(page.accepted(), 1);
}

#[tokio::test]
async fn a_pair_opens_exactly_one_port_of_exactly_one_host() {
    let page = Peer::answering(Answer::Whole(ok("text/plain", "open"))).await;
    let secret = Peer::forbidden().await;
    let dns = FakeDns::default()
        .says("page.test", &["127.0.0.1"])
        .says("other.test", &["127.0.0.1"]);
    let policy =
        opening(&[format!("page.test:{}", page.port())]).open_ports([page.port(), secret.port()]);
    let client = client(policy, &Arc::new(dns));

    for name in ["page.test", "Page.Test."] {
        let url = format!("http://{name}:{}/", page.port());
        assert_eq!(&client.get(&url, "*/*").await.unwrap().body[..], b"open");
    }
    for (host, port) in [
        ("page.test", secret.port()),
        ("other.test", page.port()),
        ("127.0.0.1", page.port()),
    ] {
        let url = format!("http://{host}:{port}/");
        let error = client.get(&url, "*/*").await.unwrap_err();
        assert_eq!(error, refused(LOOPBACK, 0, host));
    }
    assert_eq!((page.accepted(), secret.accepted()), (2, 0));
}

/// All addresses are checked and then tried, whether one refuses or just never answers.
#[tokio::test]
async fn a_dead_address_does_not_keep_the_next_from_answering() {
    let page = Peer::answering(Answer::Whole(ok("text/plain", "alive"))).await;
    let port = page.port();
    // Nobody accepts, and the queue is full: a connection attempt is not even refused.
    let full = tokio::net::TcpSocket::new_v4().unwrap();
    full.bind(format!("127.0.0.3:{port}").parse().unwrap())
        .unwrap();
    let full = full.listen(0).unwrap();
    let _first = TcpStream::connect(full.local_addr().unwrap()).await;
    for dead in ["127.0.0.2", "127.0.0.3"] {
        let dns = FakeDns::default().says("page.test", &[dead, "127.0.0.1"]);
        let client = client(opening(&[format!("page.test:{port}")]), &Arc::new(dns));
        let url = format!("http://page.test:{port}/");
        let fetched = client.get(&url, "*/*").await.unwrap();
        assert_eq!(&fetched.body[..], b"alive", "{dead}");
    }
}

/// As on one machine, where the gateway and what it may fetch share a host name.
#[tokio::test]
async fn a_pair_opens_even_a_port_of_an_own_host() {
    let page = Peer::answering(Answer::Whole(ok("text/plain", "open"))).await;
    let own = Peer::forbidden().await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let policy = opening(&[format!("page.test:{}", page.port())])
        .open_ports([own.port()])
        .refuse_own_hosts(["page.test".to_owned()]);
    let client = client(policy, &Arc::new(dns));
    let url = format!("http://page.test:{}/", page.port());
    assert!(client.get(&url, "*/*").await.is_ok());
    let url = format!("http://page.test:{}/", own.port());
    let error = client.get(&url, "*/*").await.unwrap_err();
    assert_eq!(error, refused(Rule::OwnHost, 0, "page.test"));
    assert_eq!((page.accepted(), own.accepted()), (1, 0));
}

#[tokio::test]
async fn metadata_is_never_opened() {
    for pair in [
        "169.254.169.254:80",
        "[fd00:ec2::254]:80",
        "100.100.100.200:80",
        "0xa9fea9fe:80",
        "[::ffff:169.254.169.254]:80",
        "169.254.1.1:80",
        "0.0.0.0:80",
    ] {
        let error = HostPort::parse(pair).unwrap_err();
        assert_eq!(error, HostPortError::NeverOpen(pair.to_owned()));
    }
    for address in ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"] {
        let dns = FakeDns::default().says("meta.test", &[address]);
        let client = client(opening(&["meta.test:80".to_owned()]), &Arc::new(dns));
        let error = client.get("http://meta.test/", "*/*").await.unwrap_err();
        let metadata = Rule::Address(AddressClass::Metadata);
        assert_eq!(error, refused(metadata, 0, "meta.test"), "{address}");
    }
}

#[test]
fn allow_hosts_are_pairs_and_nothing_else() {
    let pairs = EgressPolicy::parse_allow_hosts(" Page.test.:8080, [::1]:80,,0x7f.1:9 ").unwrap();
    let shown: Vec<String> = pairs.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["page.test:8080", "[::1]:80", "127.0.0.1:9"]);
    for bad in [
        "page.test",
        "page.test:",
        ":80",
        "a b:80",
        "http://x:80",
        "x:99999",
    ] {
        assert!(EgressPolicy::parse_allow_hosts(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_the_operator_opened_is_said_at_the_start() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let pairs = ["wiki.lan:8080", "[::1]:80"].map(str::to_owned);
        client(opening(&pairs), &Arc::default());
    });
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for (line, pair) in lines.iter().zip(["[::1]:80", "wiki.lan:8080"]) {
        assert!(line.contains("WARN") && line.contains(pair), "{line}");
    }
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_ignored() {
    // Environment variables belong to the process, so the child of this test sets them.
    if std::env::var_os("EGRESS_TEST_PAGE").is_none() {
        let proxy = Peer::forbidden().await;
        let page = Peer::answering(Answer::Whole(ok("text/plain", "direct"))).await;
        let status = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "guard::a_proxy_in_the_environment_is_ignored"])
            .env("EGRESS_TEST_PAGE", page.port().to_string())
            .env("HTTP_PROXY", format!("http://{}", proxy.address))
            .env("http_proxy", format!("http://{}", proxy.address))
            .env("ALL_PROXY", format!("http://{}", proxy.address))
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.await.unwrap().success());
        assert_eq!((page.accepted(), proxy.accepted()), (1, 0));
        return;
    }
    let port = std::env::var_os("EGRESS_TEST_PAGE").unwrap();
    let pair = format!("page.test:{}", port.to_str().unwrap());
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    let fetched = client.get(&format!("http://{pair}/"), "*/*").await.unwrap();
    assert_eq!(&fetched.body[..], b"direct");
}
