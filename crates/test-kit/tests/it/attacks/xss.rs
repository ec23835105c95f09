//! Text of a client, of a link or of an error that would be run or shown as ours (RFC 9700 section
//! 4.11; OWASP's cross-site scripting).

use serde_json::{Value, json};
use test_kit::gateway::{Gateway, Reply};

/// What would break out of text, of an attribute, of a script, of a style and of a comment.
const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</title></textarea></style><script>alert(1)</script>",
    "javascript:alert(1)//\" onmouseover=\"alert(1)",
    "--><script>alert(1)</script><!--",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{7*7}}${7*7}<%= 7*7 %>",
];

/// Nothing of it is markup: no element and no attribute that is not the page's own.
fn assert_harmless(page: &Reply, what: &str) {
    let body = page.body.to_ascii_lowercase();
    for markup in [
        "<script",
        "<img",
        "<svg/",
        "javascript:alert(1)//\" on",
        "{{49",
        "onload=alert(1)>",
    ] {
        assert!(!body.contains(markup), "{what}: {markup} in {}", page.body);
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'self';"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
}

async fn client(gateway: &Gateway, metadata: Value) -> Reply {
    let answer = gateway.register(&metadata).await;
    let json = answer.header("content-type") == Some("application/json");
    assert!(json, "hostile text comes back as JSON: {answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    answer
}

#[actix_web::test]
async fn every_text_of_a_clients_metadata_stays_text_on_every_page() {
    let gateway = Gateway::start().await;
    for payload in PAYLOADS {
        let encoded: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        // A `*` would be a wildcard.
        let uri = format!("https://good.example/cb?{encoded}").replace('*', "%2A");
        let registered = client(
            &gateway,
            json!({
                "client_name": payload,
                "client_uri": payload,
                "logo_uri": format!("https://x.example/{payload}"),
                "tos_uri": payload,
                "policy_uri": payload,
                "contacts": [payload],
                "software_id": payload,
                "scope": payload,
                "redirect_uris": [uri],
                "token_endpoint_auth_method": "none",
            }),
        )
        .await;
        assert_eq!(registered.status, 201, "{registered:?}");
        let client_id = registered.text("client_id");
        let good = [
            ("redirect_uri", &*uri),
            ("scope", payload),
            ("state", payload),
        ];
        let request = Gateway::authorize(&client_id, &good);

        let page = gateway.get(&request).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_harmless(&page, "the consent page");

        let other = Gateway::authorize(&client_id, &[("redirect_uri", "https://good.example/x")]);
        let page = gateway.get(&other).await;
        assert_eq!(page.status, 400);
        assert_harmless(&page, "the page about the return address");

        let mut browser = gateway.browser();
        let consent = gateway.open(&mut browser, &request).await;
        let away = browser
            .submit(&consent, "consent", &[("decision", "approve")])
            .await;
        let sign_in = away.location.unwrap();
        let page = browser.get(&sign_in).await;
        assert!(
            !page.body.contains("<script") && !page.body.contains("<img"),
            "{}",
            page.body
        );
    }
}

#[actix_web::test]
async fn a_name_is_shown_escaped_and_not_dropped() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("<b>Tom & \"Jerry\"</b>").await;
    let page = gateway.get(&Gateway::authorize(&client_id, &[])).await;
    let shown = "&#60;b&#62;Tom &#38; &#34;Jerry&#34;&#60;/b&#62;";
    assert!(page.body.contains(shown), "{}", page.body);
}

#[actix_web::test]
async fn every_parameter_of_a_link_stays_text_on_every_page() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Linked").await;
    for payload in PAYLOADS {
        let encoded: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
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
            "error",
            "error_description",
            "error_uri",
            "user_code",
            "code",
            "iss",
            "login_hint",
        ] {
            let changed = Gateway::authorize(&client_id, &[(name, payload)]);
            for path in [
                changed.as_str(),
                &format!("/authorize?{name}={encoded}"),
                &format!("/sign-in?{name}={encoded}"),
                &format!("/callback?{name}={encoded}"),
                &format!("/device?{name}={encoded}"),
                &format!("/success?{name}={encoded}"),
                &format!("/error?{name}={encoded}"),
                &format!("/{encoded}"),
            ] {
                let page = gateway.get(path).await;
                match page.location() {
                    Some(location) => {
                        assert!(location.starts_with(test_kit::gateway::CALLBACK), "{path}");
                    }
                    None => assert_harmless(&page, path),
                }
            }
        }
    }
}

#[actix_web::test]
async fn an_error_says_nothing_of_what_was_sent() {
    let gateway = Gateway::start().await;
    for path in [
        "/token",
        "/revoke",
        "/introspect",
        "/par",
        "/device_authorization",
    ] {
        for payload in PAYLOADS {
            let form = [
                ("client_id", payload),
                ("grant_type", payload),
                ("token", payload),
            ];
            let answer = gateway.post(path, &form).await;
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{path}"
            );
            let (_, description) = (answer.error(), answer.text("error_description"));
            let plain = description
                .bytes()
                .all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\');
            assert!(
                plain && !description.contains("alert"),
                "{path}: {description}"
            );
        }
    }
}
