//! The operator's proxy: it is told the address that was checked, and nothing that was not.

use std::sync::Arc;

use crate::support::{Answer, FakeDns, Peer, client, ok, opening};
use egress::{EgressError, EgressPolicy, HostPort, HostPortError};

fn through(peer: &Peer) -> EgressPolicy {
    let proxy = HostPort::parse_proxy(&format!("http://{}", peer.address));
    EgressPolicy::strict().through_proxy(Some(proxy.unwrap()))
}

fn names() -> Arc<FakeDns> {
    let dns = FakeDns::default()
        .says("public.test", &["93.184.216.34"])
        .says("six.test", &["2606:4700:4700::1111"])
        .says("inside.test", &["10.0.0.1"]);
    Arc::new(dns)
}

/// The proxy's own answer, and then what it relays.
fn tunnelled() -> Answer {
    let established = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
    Answer::Dialogue(vec![established.to_vec(), ok("text/plain", "relayed")])
}

#[tokio::test]
async fn the_proxy_is_told_the_checked_address_and_not_the_name() {
    for (host, target) in [
        ("public.test", "93.184.216.34:80"),
        ("six.test", "[2606:4700:4700::1111]:80"),
        ("93.184.216.34", "93.184.216.34:80"),
    ] {
        let proxy = Peer::answering(tunnelled()).await;
        let client = client(through(&proxy), &names());
        let url = format!("http://{host}/");
        let fetched = client.get(&url, "*/*").await.unwrap();
        assert_eq!(&fetched.body[..], b"relayed");
        let [connect, get] = proxy.requests().try_into().unwrap();
        let expected = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        assert_eq!(connect, expected);
        assert!(get.starts_with("GET / HTTP/1.1\r\n"), "{get}");
        assert!(get.contains(&format!("host: {host}\r\n")), "{get}");
    }
}

#[tokio::test]
async fn the_proxy_hears_nothing_of_what_is_refused() {
    let proxy = Peer::answering(tunnelled()).await;
    let client = client(through(&proxy), &names());
    for url in ["http://inside.test/", "http://10.0.0.1/", "http://[::1]/"] {
        let error = client.get(url, "*/*").await.unwrap_err();
        assert!(matches!(error, EgressError::Refused(_)), "{url}: {error}");
    }
    assert_eq!(proxy.accepted(), 0);
}

#[tokio::test]
async fn what_the_operator_opened_is_not_the_proxys_business() {
    let proxy = Peer::answering(tunnelled()).await;
    let wiki = Peer::answering(Answer::Whole(ok("text/plain", "direct"))).await;
    let dns = FakeDns::default().says("wiki.test", &["127.0.0.1"]);
    let pair = format!("wiki.test:{}", wiki.port());
    let address = HostPort::parse_proxy(&format!("http://{}", proxy.address));
    let policy = opening(std::slice::from_ref(&pair)).through_proxy(Some(address.unwrap()));
    let client = client(policy, &Arc::new(dns));
    let fetched = client.get(&format!("http://{pair}/"), "*/*").await;
    assert_eq!(&fetched.unwrap().body[..], b"direct");
    assert_eq!((proxy.accepted(), wiki.accepted()), (0, 1));
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_none_is_no_connection() {
    for answer in [
        Answer::Whole(b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec()),
        Answer::Whole(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec()),
        Answer::Whole(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        Answer::Flood("HTTP/1.1 200 OK\r\nX-Endless: ", b'x'),
    ] {
        let proxy = Peer::answering(answer).await;
        let client = client(through(&proxy), &names());
        let error = client.get("http://public.test/", "*/*").await.unwrap_err();
        assert_eq!(error, EgressError::Connect);
    }
}

#[test]
fn a_proxy_is_declared_as_http_host_and_port() {
    for good in ["http://proxy.lan:3128", "http://10.0.0.9:3128/"] {
        assert!(HostPort::parse_proxy(good).is_ok(), "{good}");
    }
    for bad in [
        "proxy.lan:3128",
        "https://proxy.lan:3128",
        "socks5://proxy.lan:1080",
        "http://proxy.lan",
        "http://user:secret@proxy.lan:3128",
        "http://proxy.lan:3128/path",
        "http://169.254.169.254:80",
    ] {
        let error = HostPort::parse_proxy(bad).unwrap_err();
        assert_eq!(error, HostPortError::NoProxy, "{bad}");
        assert!(!error.to_string().contains("secret"));
    }
}
