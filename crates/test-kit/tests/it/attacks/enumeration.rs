//! Learning which clients, tokens and codes exist from how answers differ.

use reqwest::Method;
use serde_json::json;
use test_kit::gateway::{CALLBACK, Gateway, Reply};

/// All that a caller can see, but for what is of the moment.
fn seen(answer: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    // A page has a reference of its own for the log.
    let body = match answer.body.split_once("Reference <code>") {
        None => answer.body.clone(),
        Some((before, after)) => format!("{before}{}", after.split_once("</code>").unwrap().1),
    };
    (answer.status.as_u16(), headers, body)
}

#[actix_web::test]
async fn a_wrong_secret_and_an_unknown_client_look_the_same_at_every_endpoint() {
    let gateway = Gateway::start().await;
    let client = gateway
        .register(&json!({ "redirect_uris": [CALLBACK] }))
        .await
        .text("client_id");
    for path in [
        "/token",
        "/revoke",
        "/introspect",
        "/par",
        "/device_authorization",
    ] {
        let ask = async |client_id: &str, basic: bool| {
            let request = gateway.http.post(gateway.url(path));
            let request = if basic {
                request
                    .basic_auth(client_id, Some("guess"))
                    .form(&[("token", "x")])
            } else {
                request.form(&[("client_id", client_id), ("client_secret", "guess")])
            };
            seen(&gateway.send(request).await)
        };
        for basic in [true, false] {
            let known = ask(&client, basic).await;
            assert_eq!(known.0, 401, "{path}: {known:?}");
            assert_eq!(known, ask("MDEyMzQ1Njc4OWFiY2RlZg", basic).await, "{path}");
            assert_eq!(known, ask("not a client_id", basic).await, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_wrong_registration_token_and_an_unknown_client_look_the_same() {
    let gateway = Gateway::start().await;
    let client = gateway
        .register(&json!({ "redirect_uris": [CALLBACK] }))
        .await
        .text("client_id");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let ask = async |client_id: &str| {
            let url = gateway.url(&format!("/register/{client_id}"));
            let request = gateway
                .http
                .request(method.clone(), url)
                .bearer_auth("guess");
            seen(&gateway.send(request).await)
        };
        let known = ask(&client).await;
        assert_eq!(known.0, 401, "{method}");
        assert_eq!(known, ask("nobody").await, "{method}");
    }
}

#[actix_web::test]
async fn an_unknown_client_is_never_redirected_wherever_it_asks_to_go() {
    let gateway = Gateway::start().await;
    let mut pages = Vec::new();
    for client_id in ["nobody", "MDEyMzQ1Njc4OWFiY2RlZg", "https://nobody", "%00"] {
        for uri in [CALLBACK, "https://evil.example/"] {
            let answer = gateway
                .get(&Gateway::authorize(client_id, &[("redirect_uri", uri)]))
                .await;
            assert_eq!(
                (answer.status.as_u16(), answer.location()),
                (400, None),
                "{client_id}"
            );
            pages.push(seen(&answer));
        }
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:?}");
}

#[actix_web::test]
async fn tokens_and_codes_of_others_look_like_none() {
    let gateway = Gateway::start().await;
    let owner = gateway.public_client("Owner").await;
    let curious = gateway.public_client("Curious").await;
    let tokens = gateway.tokens(&owner).await;
    let code = gateway.code(&owner).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    // Of the same form, and never issued.
    let made_up = format!("{}.{}", "A".repeat(22), "A".repeat(43));

    for (path, name) in [("/introspect", "token"), ("/revoke", "token")] {
        let ask = async |secret: &str| {
            let form = [("client_id", &*curious), (name, secret)];
            seen(&gateway.post(path, &form).await)
        };
        let nothing = ask(&made_up).await;
        for secret in [&access, &refresh, &code] {
            assert_eq!(ask(secret).await, nothing, "{path}");
        }
    }
    let foreign = seen(&gateway.refresh(&curious, &refresh).await);
    assert_eq!(foreign, seen(&gateway.refresh(&curious, &made_up).await));
    let foreign = seen(&gateway.redeem(&curious, &code).await);
    assert_eq!(foreign, seen(&gateway.redeem(&curious, &made_up).await));
    assert_eq!(gateway.mcp(&access).await, 200, "nobody else ended it");
}
