//! Bodies that are too large, too deep, cut off or of another kind: 400 or 413 with an answer that
//! a client reads, and the gateway goes on.

use serde_json::json;
use test_kit::gateway::{CALLBACK, CHALLENGE, Gateway, Reply};

/// Everything that is posted to, and how it speaks.
const POSTED: [(&str, Kind); 9] = [
    ("/token", Kind::Form),
    ("/revoke", Kind::Form),
    ("/introspect", Kind::Form),
    ("/par", Kind::Form),
    ("/device_authorization", Kind::Form),
    ("/register", Kind::Json),
    ("/consent", Kind::Page),
    ("/sign-in", Kind::Page),
    ("/device", Kind::CodePage),
];
const LIMIT: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Form,
    Json,
    Page,
    /// The page for codes of devices: it says that no device waits under what was typed.
    CodePage,
}

impl Kind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form | Self::Page | Self::CodePage => "application/x-www-form-urlencoded",
        }
    }

    /// Whether an answer is a refusal that its reader understands.
    fn is_refusal(self, answer: &Reply) -> bool {
        let status = answer.status.as_u16();
        let refused = matches!(status, 400 | 401 | 413);
        let page = answer.body.starts_with("<!doctype html>");
        match self {
            Self::Form | Self::Json => refused && answer.json()["error"].is_string(),
            Self::Page => refused && page,
            Self::CodePage => page && (refused || answer.body.contains("No device waits")),
        }
    }
}

async fn send(gateway: &Gateway, path: &str, media_type: &str, body: Vec<u8>) -> Reply {
    let request = gateway.http.post(gateway.url(path));
    gateway
        .send(request.header("Content-Type", media_type).body(body))
        .await
}

async fn assert_goes_on(gateway: &Gateway) {
    assert_eq!(gateway.get("/ready").await.status, 200);
}

#[actix_web::test]
async fn a_body_over_64_kib_is_refused_at_every_endpoint() {
    let gateway = Gateway::start().await;
    for (path, kind) in POSTED {
        for size in [LIMIT + 1, 10 * LIMIT] {
            let answer = send(&gateway, path, kind.media_type(), vec![b'a'; size]).await;
            assert!(kind.is_refusal(&answer), "{path} {size}: {answer:?}");
            assert!(answer.body.contains("64 KiB"), "{path} {size}: {answer:?}");
        }
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn a_body_over_64_kib_that_does_not_say_so_is_refused_at_every_endpoint() {
    let gateway = Gateway::start().await;
    let host = gateway.host();
    for (path, kind) in POSTED {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            kind.media_type()
        );
        let chunk = [b"1000\r\n".to_vec(), vec![b'a'; 0x1000], b"\r\n".to_vec()].concat();
        let body = [chunk.repeat(17), b"0\r\n\r\n".to_vec()].concat();
        let answer = gateway.raw(&[head.into_bytes(), body].concat()).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 413"),
            "{path}: {answer}"
        );
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn a_length_that_is_a_lie_or_nonsense_is_refused() {
    let gateway = Gateway::start().await;
    let host = gateway.host();
    for (path, kind) in POSTED {
        for length in [
            "Content-Length: -1",
            "Content-Length: 18446744073709551616",
            "Content-Length: 1e3",
            "Content-Length: 3\r\nContent-Length: 4",
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: xchunked",
        ] {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\n{length}\r\n\
                 Connection: close\r\n\r\nGET /consent HTTP/1.1\r\nHost: {host}\r\n\r\n",
                kind.media_type()
            );
            let answer = gateway.raw(request.as_bytes()).await;
            let answer = String::from_utf8_lossy(&answer);
            let statuses: Vec<_> = answer.matches("HTTP/1.1 ").collect();
            assert!(
                statuses.len() <= 1,
                "{path} {length}: two answers to one request: {answer}"
            );
            assert!(
                !answer.starts_with("HTTP/1.1 5"),
                "{path} {length}: {answer}"
            );
            assert!(
                !answer.starts_with("HTTP/1.1 2"),
                "{path} {length}: {answer}"
            );
        }
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn nesting_without_end_is_refused_at_every_endpoint() {
    let gateway = Gateway::start().await;
    let deep = 30_000;
    for body in [
        "[".repeat(deep),
        format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{{\"jwks\":{}{}}}", "[".repeat(deep), "]".repeat(deep)),
        format!("{{\"unknown\":{}{}}}", "[".repeat(deep), "]".repeat(deep)),
        "{\"a\":".repeat(10_000),
        format!("a{}=1", "[b]".repeat(20_000)),
    ] {
        for (path, kind) in POSTED {
            for media_type in [kind.media_type(), "application/json"] {
                let answer = send(&gateway, path, media_type, body.clone().into_bytes()).await;
                let head: String = body.chars().take(12).collect();
                assert!(
                    kind.is_refusal(&answer),
                    "{path} {media_type} {head}: {answer:?}"
                );
            }
        }
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn a_deeply_nested_client_assertion_is_refused() {
    use base64::Engine as _;
    let gateway = Gateway::start().await;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let deep = format!("{{\"sub\":{}{}}}", "[".repeat(2500), "]".repeat(2500));
    for assertion in [
        format!("{}.{}.x", encode("{\"alg\":\"RS256\"}"), encode(&deep)),
        format!("{}.{}.x", encode(&deep), encode("{\"sub\":\"x\"}")),
        "a.".repeat(20_000),
        ".".repeat(30_000),
    ] {
        let form = [
            ("grant_type", "refresh_token"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ];
        let answer = gateway.post("/token", &form).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn a_body_of_another_kind_is_refused_and_never_an_error_of_ours() {
    let gateway = Gateway::start().await;
    for (path, kind) in POSTED {
        for (media_type, body) in [
            ("", &b"grant_type=refresh_token"[..]),
            ("text/plain", b"grant_type=refresh_token"),
            ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
            (
                "application/xml",
                b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
            ),
            ("application/json", b"\xff\xfe\x00"),
            ("application/json", b"\"\\ud800\""),
            ("application/json", b"1e999"),
            ("application/json", b"null"),
            (
                "application/x-www-form-urlencoded",
                b"\xff\xfe%%%=%zz&&&==&\0",
            ),
            ("application/x-www-form-urlencoded", b""),
        ] {
            let answer = send(&gateway, path, media_type, body.to_vec()).await;
            assert!(kind.is_refusal(&answer), "{path} {media_type}: {answer:?}");
        }
    }
    assert_goes_on(&gateway).await;
}

#[actix_web::test]
async fn what_anybody_may_have_kept_stays_small() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Hoarder").await;
    let long = "x ".repeat(20_000);
    let push = async |name, value: &str| {
        let form = [
            ("response_type", "code"),
            ("client_id", &*client_id),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            (name, value),
        ];
        gateway.post("/par", &form).await
    };
    assert_eq!(push("scope", "mcp").await.status, 201);
    for name in ["scope", "state"] {
        let answer = push(name, &long).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_request".to_owned()),
            "{name}"
        );
    }
    // What is not kept does not count.
    assert_eq!(push("unknown", &long).await.status, 201);
    for metadata in [
        json!({ "redirect_uris": [CALLBACK], "client_name": "x".repeat(101) }),
        json!({ "redirect_uris": [CALLBACK], "scope": long }),
        json!({ "redirect_uris": vec![CALLBACK; 21] }),
        json!({ "redirect_uris": [format!("{CALLBACK}/{}", "x".repeat(2048))] }),
        json!({
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": vec![json!({ "kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43) }); 200] },
        }),
    ] {
        let answer = gateway.register(&metadata).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}

#[actix_web::test]
async fn a_head_that_is_too_large_is_refused() {
    let gateway = Gateway::start().await;
    let host = gateway.host();
    let long = "a".repeat(300_000);
    for request in [
        format!("GET /authorize?state={long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /authorize HTTP/1.1\r\nHost: {host}\r\nCookie: mcp-consent={long}\r\n\r\n"),
        format!(
            "GET /jwks HTTP/1.1\r\nHost: {host}\r\n{}\r\n",
            "X-A: b\r\n".repeat(5_000)
        ),
    ] {
        let answer = gateway.raw(request.as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_goes_on(&gateway).await;
}
