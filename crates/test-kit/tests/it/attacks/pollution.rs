//! Parameters that stand twice, or where they do not belong, so that two readers take two
//! different ones (RFC 6749 sections 3.1 and 3.2).

use serde_json::json;
use test_kit::gateway::{CALLBACK, CHALLENGE, Gateway, VERIFIER};

#[actix_web::test]
async fn a_repeated_parameter_of_the_authorization_request_is_refused() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Repeated").await;
    let other = gateway.public_client("Another").await;
    let request = Gateway::authorize(&client_id, &[("scope", "mcp"), ("response_mode", "query")]);
    assert_eq!(gateway.get(&request).await.status, 200);
    // Whoever is asked and where the answer goes must not be in doubt: nothing is redirected.
    for twin in [
        format!("client_id={client_id}"),
        format!("client_id={other}"),
        "redirect_uri=https://evil.example/".to_owned(),
        format!("redirect_uri={CALLBACK}"),
    ] {
        for path in [
            format!("{request}&{twin}"),
            request.replace('?', &format!("?{twin}&")),
        ] {
            let answer = gateway.get(&path).await;
            assert_eq!(
                (answer.status.as_u16(), answer.location()),
                (400, None),
                "{path}"
            );
        }
    }
    for twin in [
        "state=other",
        "state=client-state",
        "response_type=code",
        "response_mode=query",
        "scope=mcp",
        "code_challenge_method=plain",
        &format!("code_challenge={CHALLENGE}"),
    ] {
        let answer = gateway.get(&format!("{request}&{twin}")).await;
        let location = answer
            .location()
            .unwrap_or_else(|| panic!("{twin}: {answer:?}"));
        assert!(
            location.contains("error=invalid_request"),
            "{twin}: {location}"
        );
    }
}

#[actix_web::test]
async fn a_repeated_parameter_of_a_token_request_is_refused_and_uses_nothing_up() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Repeated").await;
    let code = gateway.code(&client_id).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &*client_id),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    for (name, value) in form {
        for twin in [value, "other"] {
            let mut twice = form.to_vec();
            twice.push((name, twin));
            let answer = gateway.post("/token", &twice).await;
            assert_eq!(
                answer.error(),
                (400, "invalid_request".to_owned()),
                "{name}"
            );
        }
    }
    assert_eq!(gateway.post("/token", &form).await.status, 200);
}

#[actix_web::test]
async fn what_stands_in_the_query_of_a_token_request_is_not_looked_at() {
    let gateway = Gateway::start().await;
    let metadata = json!({ "redirect_uris": [CALLBACK] });
    let client = gateway.register(&metadata).await;
    let (id, secret) = (client.text("client_id"), client.text("client_secret"));
    let query = format!("client_id={id}&client_secret={secret}");
    for path in [
        "/token",
        "/revoke",
        "/introspect",
        "/par",
        "/device_authorization",
    ] {
        // Credentials in an address end in logs and histories: they prove nothing.
        let form = [("grant_type", "refresh_token"), ("token", "x")];
        let answer = gateway.post(&format!("{path}?{query}"), &form).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()), "{path}");
    }
    let client_id = gateway.public_client("Polluted").await;
    let code = gateway.code(&client_id).await;
    let form = [
        ("client_id", &*client_id),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let answer = gateway
        .post("/token?grant_type=authorization_code", &form)
        .await;
    assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
    assert_eq!(gateway.redeem(&client_id, &code).await.status, 200);
}

#[actix_web::test]
async fn array_forms_and_other_spellings_of_a_name_are_other_parameters() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Spelt").await;
    let request = Gateway::authorize(&client_id, &[]);
    for beside in [
        "redirect_uri[]=https://evil.example/",
        "redirect_uri%5B0%5D=https://evil.example/",
        "redirect_uri.0=https://evil.example/",
        "Redirect_Uri=https://evil.example/",
        "redirect_uri%00=https://evil.example/",
        "%20redirect_uri=https://evil.example/",
        ";redirect_uri=https://evil.example/",
    ] {
        let page = gateway.get(&format!("{request}&{beside}")).await;
        assert_eq!(page.status, 200, "{beside}: {page:?}");
        assert!(!page.body.contains("evil.example"), "{beside}");
        assert!(page.body.contains("127.0.0.1:1"), "{beside}");
    }
    for instead in ["client_id[]", "client_id[0]", "Client_Id", "client_id "] {
        let form = [("grant_type", "refresh_token"), (instead, &*client_id)];
        let answer = gateway.post("/token", &form).await;
        assert_eq!(
            answer.error(),
            (401, "invalid_client".to_owned()),
            "{instead}"
        );
    }
}

#[actix_web::test]
async fn a_semicolon_separates_nothing() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Separated").await;
    let request = Gateway::authorize(&client_id, &[]);
    let path = request.replace(
        "state=client-state",
        "state=x;redirect_uri=https://evil.example/",
    );
    let page = gateway.get(&path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.body.contains("evil.example"));
}

#[actix_web::test]
async fn a_repeated_field_of_a_persons_form_is_refused() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Repeated").await;
    let page = gateway.get(&Gateway::authorize(&client_id, &[])).await;
    let request = page.field("request");
    let send = async |form: &[(&str, &str)]| {
        let post = gateway.http.post(gateway.url("/consent"));
        let post = post.header("Cookie", page.cookies()).form(form);
        gateway.send(post).await.status.as_u16()
    };
    let good = [("request", &*request), ("decision", "approve")];
    for twin in [
        ("decision", "refuse"),
        ("decision", "approve"),
        ("request", &*request),
    ] {
        let mut form = good.to_vec();
        form.push(twin);
        assert_eq!(send(&form).await, 400, "{}", twin.0);
    }
    assert_eq!(send(&good).await, 303);
}

#[actix_web::test]
async fn a_member_of_client_metadata_that_stands_twice_is_refused() {
    let gateway = Gateway::start().await;
    for body in [
        r#"{"redirect_uris":["https://good.example/"],"redirect_uris":["https://evil.example/"]}"#,
        r#"{"redirect_uris":["https://good.example/"],"client_name":"a","client_name":"b"}"#,
        r#"{"redirect_uris":["https://good.example/"],"token_endpoint_auth_method":"none","token_endpoint_auth_method":"client_secret_post"}"#,
    ] {
        let request = gateway.http.post(gateway.url("/register"));
        let request = request
            .header("Content-Type", "application/json")
            .body(body);
        let answer = gateway.send(request).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_client_metadata".to_owned()),
            "{body}"
        );
    }
}
