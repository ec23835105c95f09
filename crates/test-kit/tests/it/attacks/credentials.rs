//! Credentials in forms that parsers stumble over: other alphabets, other encodings, several at
//! once (RFC 6749 section 2.3.1; RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use test_kit::gateway::{CALLBACK, Gateway, Reply};

/// Secrets that nobody was given.
const STRANGE: [&str; 9] = [
    "é",
    "\u{1f511}",
    "пароль",
    "\u{0}",
    "a\u{0}b",
    "\r\n",
    "\u{feff}",
    "e\u{301}",
    "%",
];

struct Confidential {
    id: String,
    secret: String,
}

async fn register(gateway: &Gateway, method: &str) -> Confidential {
    let metadata = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method });
    let answer = gateway.register(&metadata).await;
    Confidential {
        id: answer.text("client_id"),
        secret: answer.text("client_secret"),
    }
}

async fn with_header(gateway: &Gateway, header: &[u8]) -> Reply {
    let request = gateway.http.post(gateway.url("/token"));
    let value = reqwest::header::HeaderValue::from_bytes(header).unwrap();
    let request = request.header("Authorization", value);
    gateway
        .send(request.form(&[("grant_type", "refresh_token")]))
        .await
}

fn basic(credentials: &[u8]) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(credentials)).into_bytes()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Past authentication, the missing refresh token is what is wrong.
fn passed() -> (u16, String) {
    (400, "invalid_request".to_owned())
}

fn refused() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

#[actix_web::test]
async fn a_secret_in_another_alphabet_is_a_wrong_secret_and_nothing_worse() {
    let gateway = Gateway::start().await;
    for method in ["client_secret_basic", "client_secret_post"] {
        let client = register(&gateway, method).await;
        for strange in STRANGE {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", &client.id),
                ("client_secret", strange),
            ];
            assert_eq!(
                gateway.post("/token", &form).await.error(),
                refused(),
                "{strange:?}"
            );
            for secret in [strange.to_owned(), encoded(strange)] {
                let header = basic(format!("{}:{secret}", client.id).as_bytes());
                assert_eq!(
                    with_header(&gateway, &header).await.error(),
                    refused(),
                    "{secret:?}"
                );
            }
            // Beside the right one it makes a wrong one.
            let header = basic(format!("{}:{}{strange}", client.id, client.secret).as_bytes());
            assert_eq!(
                with_header(&gateway, &header).await.error(),
                refused(),
                "{strange:?}"
            );
        }
        let right = basic(format!("{}:{}", client.id, client.secret).as_bytes());
        assert_eq!(with_header(&gateway, &right).await.error(), passed());
    }
}

#[actix_web::test]
async fn a_client_id_in_another_alphabet_is_an_unknown_client() {
    let gateway = Gateway::start().await;
    for strange in STRANGE {
        let form = [("grant_type", "refresh_token"), ("client_id", strange)];
        assert_eq!(
            gateway.post("/token", &form).await.error(),
            refused(),
            "{strange:?}"
        );
        for id in [strange.to_owned(), encoded(strange)] {
            let header = basic(format!("{id}:secret").as_bytes());
            assert_eq!(
                with_header(&gateway, &header).await.error(),
                refused(),
                "{id:?}"
            );
        }
        let page = gateway.get(&Gateway::authorize(strange, &[])).await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (400, None),
            "{strange:?}"
        );
    }
}

#[actix_web::test]
async fn an_ill_formed_authorization_header_is_a_client_error() {
    let gateway = Gateway::start().await;
    let client = register(&gateway, "client_secret_basic").await;
    let right = format!("{}:{}", client.id, client.secret);
    for header in [
        b"Basic".to_vec(),
        b"Basic ".to_vec(),
        b"Basic !!!".to_vec(),
        b"Basic =".to_vec(),
        basic(b""),
        basic(b":"),
        basic(b"\xff\xfe:\xff"),
        basic(client.id.as_bytes()),
        basic(format!(":{}", client.secret).as_bytes()),
        basic(format!("{} :{}", client.id, client.secret).as_bytes()),
        [basic(right.as_bytes()), b" x".to_vec()].concat(),
        [b"Basic ".to_vec(), basic(right.as_bytes())].concat(),
        format!("Bearer {}", client.secret).into_bytes(),
        format!("Digest username=\"{}\"", client.id).into_bytes(),
        b"\xc3\xa9".to_vec(),
        vec![b'a'; 10_000],
    ] {
        let answer = with_header(&gateway, &header).await;
        let shown = String::from_utf8_lossy(&header).into_owned();
        assert!(
            matches!(answer.status.as_u16(), 400 | 401),
            "{shown}: {answer:?}"
        );
        assert!(
            ["invalid_client", "invalid_request"].contains(&&*answer.text("error")),
            "{shown}"
        );
    }
    let header = basic(right.as_bytes());
    assert_eq!(with_header(&gateway, &header).await.error(), passed());
}

#[actix_web::test]
async fn two_proofs_at_once_are_refused_even_if_both_are_right() {
    let gateway = Gateway::start().await;
    let client = register(&gateway, "client_secret_basic").await;
    let header = basic(format!("{}:{}", client.id, client.secret).as_bytes());
    let header = String::from_utf8(header).unwrap();
    let request = gateway
        .http
        .post(gateway.url("/token"))
        .header("Authorization", &header);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_secret", &*client.secret),
    ];
    assert_eq!(gateway.send(request.form(&form)).await.error(), passed());
    let twice = gateway.http.post(gateway.url("/token"));
    let twice = twice
        .header("Authorization", &header)
        .header("Authorization", &header);
    let answer = gateway
        .send(twice.form(&[("grant_type", "refresh_token")]))
        .await;
    assert_eq!(
        answer.text("error_description"),
        "the Authorization header is repeated"
    );
}

#[actix_web::test]
async fn a_client_with_a_secret_gets_nothing_without_it() {
    let gateway = Gateway::start().await;
    for method in ["client_secret_basic", "client_secret_post"] {
        let client = register(&gateway, method).await;
        for secret in [None, Some("")] {
            let mut form = vec![("grant_type", "refresh_token"), ("client_id", &*client.id)];
            form.extend(secret.map(|secret| ("client_secret", secret)));
            assert_eq!(
                gateway.post("/token", &form).await.error(),
                refused(),
                "{method}"
            );
        }
        let header = basic(format!("{}:", client.id).as_bytes());
        assert_eq!(
            with_header(&gateway, &header).await.error(),
            refused(),
            "{method}"
        );
    }
}
