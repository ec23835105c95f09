//! Line breaks and other bytes that would begin a new header or a new answer (CWE-113).

use serde_json::json;
use test_kit::gateway::{CALLBACK, Gateway};
use test_kit::process::raw;
use test_kit::stack::Stack;

/// What would be a line break for somebody on the way.
const BREAKS: [&str; 6] = ["\r\n", "\n", "\r", "\u{0}", "\u{85}", "\u{2028}"];

/// The head of an answer, when there is exactly one answer.
fn head(answer: &[u8], what: &str) -> String {
    let text = String::from_utf8_lossy(answer).into_owned();
    assert!(text.starts_with("HTTP/1.1 "), "{what}: {text}");
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(status < 500, "{what}: {head}");
    let injected = |line: &str| line.to_ascii_lowercase().starts_with("x-injected");
    assert!(!head.split(['\r', '\n']).any(injected), "{what}: {head}");
    head
}

#[actix_web::test]
async fn a_line_break_in_any_parameter_begins_no_header() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Injected").await;
    for separator in BREAKS {
        let payload = format!("x{separator}X-Injected: yes{separator}{separator}<p>");
        for name in [
            "client_id",
            "redirect_uri",
            "state",
            "scope",
            "response_type",
            "response_mode",
            "code_challenge",
            "code_challenge_method",
            "resource",
            "request_uri",
            "nonce",
        ] {
            let path = Gateway::authorize(&client_id, &[(name, &payload)]);
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                gateway.host()
            );
            let answer = gateway.raw(request.as_bytes()).await;
            head(&answer, &format!("{name} with {separator:?}"));
        }
    }
}

#[actix_web::test]
async fn a_state_with_line_breaks_comes_back_byte_for_byte_and_encoded() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Injected").await;
    for separator in BREAKS {
        let state = format!("x{separator}X-Injected: yes");
        let request = Gateway::authorize(&client_id, &[("state", &state), ("response_type", "no")]);
        let answer = gateway.get(&request).await;
        let location = answer.location().unwrap();
        assert!(location.bytes().all(|b| b.is_ascii_graphic()), "{location}");
        let url: url::Url = location.parse().unwrap();
        let back = url
            .query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap()
            .1;
        assert_eq!(back, state);
        assert_eq!(answer.header("x-injected"), None);
    }
}

#[actix_web::test]
async fn a_redirect_uri_with_line_breaks_is_not_registered_and_leads_nowhere() {
    let gateway = Gateway::start().await;
    for separator in BREAKS {
        let uri = format!("{CALLBACK}{separator}X-Injected: yes");
        let metadata = json!({ "redirect_uris": [uri] });
        let answer = gateway.register(&metadata).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_redirect_uri".to_owned()),
            "{separator:?}"
        );
    }
}

#[actix_web::test]
async fn bytes_that_no_header_may_hold_are_never_an_error_of_ours() {
    let gateway = Gateway::start().await;
    let host = gateway.host();
    for byte in (0_u8..=255).filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        for (before, after) in [
            ("GET /authorize?state=", " HTTP/1.1"),
            ("GET /device?user_code=", " HTTP/1.1"),
            ("GET /register/x", " HTTP/1.1"),
            ("GET /jwks HTTP/1.1\r\nCookie: mcp-consent=", ""),
            ("GET /register/x HTTP/1.1\r\nAuthorization: Bearer ", ""),
            ("GET /authorize HTTP/1.1\r\nOrigin: ", ""),
        ] {
            let mut request = before.as_bytes().to_vec();
            request.push(byte);
            let rest = format!("{after}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            request.extend_from_slice(rest.as_bytes());
            let answer = gateway.raw(&request).await;
            head(&answer, &format!("{before:?} {byte:#04x}"));
        }
    }
}

#[actix_web::test]
async fn the_way_from_an_mcp_host_to_the_issuer_is_a_header_whatever_the_query_holds() {
    let stack = Stack::start().await;
    let address = stack.edge.auth_service.to_string();
    for byte in (0x21_u8..=255).filter(|byte| *byte != b'#') {
        let mut request = b"GET /authorize?state=a".to_vec();
        request.push(byte);
        let rest = b"b HTTP/1.1\r\nHost: fetch.gateway.test\r\nConnection: close\r\n\r\n";
        request.extend_from_slice(rest);
        let answer = head(&raw(&address, &request).await, &format!("{byte:#04x}"));
        if let Some((_, location)) = answer.split_once("location: ") {
            let location = location.lines().next().unwrap();
            assert!(
                location.starts_with("https://auth.gateway.test/authorize?state=a"),
                "{location}"
            );
            assert!(
                location.bytes().all(|b| b.is_ascii_graphic()),
                "{byte:#04x}: {location:?}"
            );
        }
    }
}
