//! The guard against real sockets: whatever is refused, nobody may have knocked on the other side.

use std::sync::Arc;

use crate::support::{Answer, FakeDns, Peer, client, ok, opening, redirect};
use egress::{AddressClass, EgressError, EgressPolicy, HostPort, HostPortError, Refusal};

fn refused(class: AddressClass, redirects: u8) -> EgressError {
    EgressError::Refused {
        refusal: Refusal::Address(class),
        redirects,
    }
}

/// Loopback by every spelling, at a port that is open for public hosts.
#[tokio::test]
async fn no_spelling_of_a_literal_reaches_loopback() {
    let secret = Peer::forbidden().await;
    let policy = EgressPolicy::strict().open_ports([secret.port()]);
    let client = client(policy, &Arc::default());
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
    ] {
        let url = format!("http://{host}:{}/", secret.port());
        let error = client.get(&url, "*/*").await.unwrap_err();
        assert_eq!(error, refused(AddressClass::Loopback, 0), "{url}");
    }
    assert_eq!(secret.accepted(), 0);
}

#[tokio::test]
async fn literals_of_every_other_class_are_refused() {
    use AddressClass as Class;
    let client = client(EgressPolicy::strict(), &Arc::default());
    for (host, class) in [
        ("0.0.0.0", Class::Unspecified),
        ("0", Class::Unspecified),
        ("[::]", Class::Unspecified),
        ("10.0.0.1", Class::Private),
        ("0xa.1", Class::Private),
        ("172.16.0.1", Class::Private),
        ("192.168.1.1", Class::Private),
        ("3232235777", Class::Private),
        ("[::ffff:10.0.0.1]", Class::Private),
        ("100.64.0.1", Class::Shared),
        ("169.254.169.254", Class::Metadata),
        ("2852039166", Class::Metadata),
        ("0xa9fea9fe", Class::Metadata),
        ("[::ffff:a9fe:a9fe]", Class::Metadata),
        ("[64:ff9b::a9fe:a9fe]", Class::Metadata),
        ("[fd00:ec2::254]", Class::Metadata),
        ("100.100.100.200", Class::Metadata),
        ("[fe80::1]", Class::LinkLocal),
        ("[fd12::1]", Class::UniqueLocal),
        ("[2002:7f00:1::]", Class::Transition),
        ("[2001:0:7f00:1::]", Class::Transition),
        ("[64:ff9b:1::7f00:1]", Class::Transition),
        ("[::127.0.0.1]", Class::Transition),
        ("[ff02::1]", Class::Multicast),
        ("224.0.0.251", Class::Multicast),
        ("255.255.255.255", Class::Broadcast),
        ("240.0.0.1", Class::Reserved),
        ("198.18.0.1", Class::Benchmarking),
        ("192.0.2.1", Class::Documentation),
        ("[2001:db8::1]", Class::Documentation),
    ] {
        let error = client.get(&format!("http://{host}/"), "*/*").await;
        assert_eq!(error.unwrap_err(), refused(class, 0), "{host}");
    }
}

#[tokio::test]
async fn the_url_itself_is_checked() {
    let policy = EgressPolicy::strict().refuse_own_hosts(["auth.example.com".to_owned()]);
    let client = client(policy, &Arc::default());
    for (url, refusal) in [
        ("no url", Refusal::Url),
        ("/relative", Refusal::Url),
        ("http://[fe80::1%25eth0]/", Refusal::Url),
        ("http://256.256.256.256/", Refusal::Url),
        ("file:///etc/passwd", Refusal::Scheme),
        ("ftp://example.com/", Refusal::Scheme),
        ("gopher://example.com/", Refusal::Scheme),
        ("data:text/plain,x", Refusal::Scheme),
        ("http://user@example.com/", Refusal::Userinfo),
        ("http://:secret@example.com/", Refusal::Userinfo),
        ("http://example.com:22/", Refusal::Port(22)),
        ("https://example.com:6379/", Refusal::Port(6379)),
        ("https://auth.example.com/", Refusal::OwnHost),
        ("https://AUTH.example.com./", Refusal::OwnHost),
    ] {
        let error = client.get(url, "*/*").await.unwrap_err();
        let expected = EgressError::Refused {
            refusal,
            redirects: 0,
        };
        assert_eq!(error, expected, "{url}");
    }
}

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
        assert_eq!(error, refused(AddressClass::Loopback, 0), "{name}");
    }
    for name in ["none.test", "unknown.test"] {
        let error = client.get(&format!("http://{name}/"), "*/*").await;
        assert_eq!(error.unwrap_err(), EgressError::Unresolved, "{name}");
    }
    assert_eq!(secret.accepted(), 0);
}

/// The system's own resolver, and the name that needs none.
#[tokio::test]
async fn localhost_is_refused_by_its_address() {
    let secret = Peer::forbidden().await;
    let policy = EgressPolicy::strict().open_ports([secret.port()]);
    let client = egress::EgressClient::new(policy, crate::support::small_limits(), "test").unwrap();
    let url = format!("http://localhost:{}/", secret.port());
    let error = client.get(&url, "*/*").await.unwrap_err();
    assert_eq!(error, refused(AddressClass::Loopback, 0));
    assert_eq!(secret.accepted(), 0);
}

#[tokio::test]
async fn redirects_are_checked_like_first_requests() {
    let secret = Peer::forbidden().await;
    let port = secret.port();
    let loopback = Refusal::Address(AddressClass::Loopback);
    for (location, refusal) in [
        (format!("http://127.0.0.1:{port}/"), loopback),
        (format!("//127.1:{port}/"), loopback),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), loopback),
        (format!("http://evil.test:{port}/"), loopback),
        (
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            Refusal::Address(AddressClass::Metadata),
        ),
        ("file:///etc/passwd".to_owned(), Refusal::Scheme),
        (format!("http://user@page.test:{port}/"), Refusal::Userinfo),
        ("http://page.test:22/".to_owned(), Refusal::Port(22)),
    ] {
        let page = Peer::redirecting(&location).await;
        let dns = FakeDns::default()
            .says("page.test", &["127.0.0.1"])
            .says("evil.test", &["127.0.0.1"]);
        let policy = opening(&[format!("page.test:{}", page.port())]).open_ports([port]);
        let client = client(policy, &Arc::new(dns));
        let url = format!("http://page.test:{}/", page.port());
        let error = client.get(&url, "*/*").await.unwrap_err();
        let expected = EgressError::Refused {
            refusal,
            redirects: 1,
        };
        assert_eq!(error, expected, "{location}");
        assert_eq!(page.accepted(), 1, "{location}");
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
    assert_eq!(error, refused(AddressClass::Metadata, 1));
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
    for url in [
        format!("http://page.test:{}/", secret.port()),
        format!("http://other.test:{}/", page.port()),
        format!("http://127.0.0.1:{}/", page.port()),
    ] {
        let error = client.get(&url, "*/*").await.unwrap_err();
        assert_eq!(error, refused(AddressClass::Loopback, 0), "{url}");
    }
    assert_eq!((page.accepted(), secret.accepted()), (2, 0));
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
    let expected = EgressError::Refused {
        refusal: Refusal::OwnHost,
        redirects: 0,
    };
    assert_eq!(client.get(&url, "*/*").await.unwrap_err(), expected);
    assert_eq!((page.accepted(), own.accepted()), (1, 0));
}

#[tokio::test]
async fn metadata_is_never_opened() {
    for pair in ["169.254.169.254:80", "[fd00:ec2::254]:80", "0.0.0.0:80"] {
        let error = HostPort::parse(pair).unwrap_err();
        assert_eq!(error, HostPortError::NeverOpen(pair.to_owned()));
    }
    let dns = FakeDns::default().says("meta.test", &["169.254.169.254"]);
    let client = client(opening(&["meta.test:80".to_owned()]), &Arc::new(dns));
    let error = client.get("http://meta.test/", "*/*").await.unwrap_err();
    assert_eq!(error, refused(AddressClass::Metadata, 0));
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

#[tokio::test]
async fn redirects_end_at_the_limit() {
    let page = Peer::at("127.0.0.1:0", Answer::Whole(redirect("/again"))).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    let error = client.get(&format!("http://{pair}/"), "*/*").await;
    assert_eq!(error.unwrap_err(), EgressError::TooManyRedirects(5));
    assert_eq!(page.accepted(), 6);
}
