//! Redirect URIs that look like a good one, or are read in another way by somebody (RFC 9700
//! section 4.1; RFC 8252 section 8.4).

use serde_json::json;
use test_kit::gateway::Gateway;

/// Never accepted at registration.
const REFUSED: [(&str, &str); 38] = [
    ("user information", "https://good.example@evil.example/cb"),
    (
        "user and password",
        "https://good.example:x@evil.example/cb",
    ),
    ("empty user information", "https://@evil.example/cb"),
    (
        "encoded user information",
        "https://good.example%40evil.example/cb",
    ),
    ("localhost as a label", "http://localhost.evil.com/cb"),
    ("127.0.0.1 as labels", "http://127.0.0.1.evil.com/cb"),
    ("localhost as a user", "http://localhost@evil.com/cb"),
    (
        "localhost as a user with a port",
        "http://localhost:80@evil.com/cb",
    ),
    ("another loopback address", "http://127.0.0.2/cb"),
    ("every address of this computer", "http://0.0.0.0/cb"),
    ("a short loopback address", "http://127.1/cb"),
    ("a loopback address as a number", "http://2130706433/cb"),
    ("a loopback address in hexadecimal", "http://0x7f.0.0.1/cb"),
    ("a loopback address in octal", "http://0177.0.0.1/cb"),
    (
        "a loopback address mapped to IPv6",
        "http://[::ffff:127.0.0.1]/cb",
    ),
    (
        "IPv6 loopback written at length",
        "http://[0:0:0:0:0:0:0:1]/cb",
    ),
    ("IPv6 with a zone", "http://[::1%25lo]/cb"),
    ("localhost with a root dot", "http://localhost./cb"),
    ("127.0.0.1 with a root dot", "http://127.0.0.1./cb"),
    ("an encoded letter in localhost", "http://%6cocalhost/cb"),
    ("an encoded dot in the address", "http://127%2e0.0.1/cb"),
    ("plain http elsewhere", "http://good.example/cb"),
    (
        "a Cyrillic letter in the host",
        "https://g\u{43e}od.example/cb",
    ),
    ("a full-width host", "https://\u{ff47}ood.example/cb"),
    ("an ideographic full stop", "https://good\u{3002}example/cb"),
    ("a zero-width joiner", "https://good\u{200d}.example/cb"),
    (
        "a backslash for a slash",
        "https://good.example\\@evil.example/cb",
    ),
    ("backslashes before the host", "https:\\\\evil.example/cb"),
    ("no slashes", "https:evil.example/cb"),
    ("three slashes", "https:///evil.example/cb"),
    ("a port that is none", "https://good.example:99999/cb"),
    (
        "a port with a user behind it",
        "https://good.example:443@evil.example/cb",
    ),
    ("a fragment", "https://good.example/cb#https://evil.example"),
    (
        "a line feed",
        "https://good.example/cb\nhttps://evil.example",
    ),
    ("a tab within the scheme", "java\tscript:alert(1)"),
    ("a blank before it", " https://good.example/cb"),
    ("script", "JaVaScRiPt:alert(1)"),
    ("data", "data:text/html,<script>alert(1)</script>"),
];

/// Never taken for `https://good.example/cb`.
const LIKE_GOOD: [(&str, &str); 22] = [
    ("a path below", "https://good.example/cb/x"),
    ("a path beside", "https://good.example/cbx"),
    ("a slash more", "https://good.example/cb/"),
    ("two slashes", "https://good.example//cb"),
    ("a dot segment", "https://good.example/./cb"),
    ("a way up", "https://good.example/x/../cb"),
    ("an encoded way up", "https://good.example/x/%2e%2e/cb"),
    ("an encoded letter", "https://good.example/%63b"),
    ("another case of the path", "https://good.example/CB"),
    ("another case of the host", "https://GOOD.example/cb"),
    ("another case of the scheme", "HTTPS://good.example/cb"),
    ("the scheme's own port", "https://good.example:443/cb"),
    ("another port", "https://good.example:8443/cb"),
    ("an empty port", "https://good.example:/cb"),
    ("a root dot", "https://good.example./cb"),
    ("a subdomain", "https://evil.good.example/cb"),
    ("a longer domain", "https://good.example.evil.example/cb"),
    ("a query", "https://good.example/cb?to=https://evil.example"),
    ("an empty query", "https://good.example/cb?"),
    ("a parameter of the path", "https://good.example/cb;x"),
    ("plain http", "http://good.example/cb"),
    ("another scheme", "good://good.example/cb"),
];

/// Never taken for `http://localhost/cb`, whose port alone is free.
const LIKE_LOOPBACK: [(&str, &str); 12] = [
    ("IPv6", "http://[::1]:3000/cb"),
    ("https", "https://localhost:3000/cb"),
    ("a way up", "http://localhost:3000/x/../cb"),
    ("an encoded way up", "http://localhost:3000/x/%2e%2e/cb"),
    ("a dot segment", "http://localhost:3000/./cb"),
    ("a slash more", "http://localhost:3000/cb/"),
    ("a query", "http://localhost:3000/cb?x"),
    ("an empty query", "http://localhost:3000/cb?"),
    ("another path", "http://localhost:3000/other"),
    (
        "a port with a host behind it",
        "http://localhost:3000.evil.example/cb",
    ),
    (
        "a port with a user behind it",
        "http://localhost:3000@evil.example/cb",
    ),
    ("a short address", "http://127.1:3000/cb"),
];

async fn registered(gateway: &Gateway, uri: &str) -> String {
    let metadata = json!({
        "client_name": "Redirect test",
        "redirect_uris": [uri],
        "token_endpoint_auth_method": "none",
    });
    let answer = gateway.register(&metadata).await;
    assert_eq!(answer.status, 201, "{uri}: {answer:?}");
    answer.text("client_id")
}

/// Whether the request is shown to the person, without a redirect anywhere.
async fn admits(gateway: &Gateway, client_id: &str, uri: &str) -> bool {
    let request = Gateway::authorize(client_id, &[("redirect_uri", uri)]);
    let answer = gateway.get(&request).await;
    assert_eq!(answer.location(), None, "{uri}: {answer:?}");
    answer.status == 200
}

#[actix_web::test]
async fn a_redirect_uri_that_hides_where_it_leads_is_not_registered() {
    let gateway = Gateway::start().await;
    for (trick, uri) in REFUSED {
        let metadata = json!({ "redirect_uris": ["https://good.example/cb", uri] });
        let answer = gateway.register(&metadata).await;
        let refused = (400, "invalid_redirect_uri".to_owned());
        assert_eq!(answer.error(), refused, "{trick}: {uri}");
    }
}

#[actix_web::test]
async fn a_redirect_uri_that_looks_like_the_registered_one_is_another() {
    let gateway = Gateway::start().await;
    let client_id = registered(&gateway, "https://good.example/cb").await;
    assert!(admits(&gateway, &client_id, "https://good.example/cb").await);
    for (trick, uri) in LIKE_GOOD.iter().chain(&REFUSED) {
        assert!(!admits(&gateway, &client_id, uri).await, "{trick}: {uri}");
    }
}

#[actix_web::test]
async fn on_loopback_the_port_is_free_and_nothing_else() {
    let gateway = Gateway::start().await;
    let client_id = registered(&gateway, "http://localhost/cb").await;
    for uri in ["http://localhost:3000/cb", "http://127.0.0.1:1/cb"] {
        assert!(admits(&gateway, &client_id, uri).await, "{uri}");
    }
    for (trick, uri) in LIKE_LOOPBACK.iter().chain(&REFUSED) {
        assert!(!admits(&gateway, &client_id, uri).await, "{trick}: {uri}");
    }
}

#[actix_web::test]
async fn an_encoded_redirect_uri_is_decoded_once() {
    let gateway = Gateway::start().await;
    let client_id = registered(&gateway, "https://good.example/cb").await;
    let twice = "https%3A%2F%2Fgood.example%2Fcb";
    assert!(!admits(&gateway, &client_id, twice).await);
    let nul = "https://good.example/cb\0.evil.example";
    assert!(!admits(&gateway, &client_id, nul).await);
}
