//! Requests that another site has the victim's browser send (RFC 9700 section 4.7; RFC 6749
//! section 10.12).

use test_kit::gateway::{Gateway, Reply};

use super::forms::{consent, for_people, genuine};

async fn post(
    gateway: &Gateway,
    path: &str,
    form: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = gateway.http.post(gateway.url(path)).form(form);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gateway.send(request).await
}

#[actix_web::test]
async fn a_decision_posted_by_another_origin_is_refused_even_with_the_cookie() {
    let gateway = Gateway::start().await;
    let page = consent(&gateway).await;
    let (request, cookie) = (page.field("request"), page.cookies());
    let form = [("request", &*request), ("decision", "approve")];
    let port = gateway.origin.rsplit_once(':').unwrap().1;
    for origin in [
        "null",
        "",
        "https://evil.example",
        "http://localhost",
        "http://localhost:1",
        &format!("https://localhost:{port}"),
        &format!("http://127.0.0.1:{port}"),
        &format!("http://localhost:{port}.evil.example"),
        &format!("{} https://evil.example", gateway.origin),
    ] {
        let headers = [("Cookie", &*cookie), ("Origin", origin)];
        let answer = post(&gateway, "/consent", &form, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (400, None),
            "{origin}"
        );
    }
    let headers = [("Cookie", &*cookie), ("Origin", &gateway.origin)];
    assert_eq!(
        post(&gateway, "/consent", &form, &headers).await.status,
        303
    );
}

#[actix_web::test]
async fn a_decision_needs_the_cookie_of_the_browser_that_was_asked() {
    let gateway = Gateway::start().await;
    let (attackers, victims) = (consent(&gateway).await, consent(&gateway).await);
    let request = attackers.field("request");
    let form = [("request", &*request), ("decision", "approve")];
    for cookie in ["", "mcp-consent=", "mcp-consent=guess", &victims.cookies()] {
        let answer = post(&gateway, "/consent", &form, &[("Cookie", cookie)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (400, None),
            "{cookie}"
        );
    }
}

#[actix_web::test]
async fn a_link_decides_nothing() {
    let gateway = Gateway::start().await;
    let page = consent(&gateway).await;
    let path = format!(
        "/consent?decision=approve&request={}",
        page.field("request")
    );
    let request = gateway
        .http
        .get(gateway.url(&path))
        .header("Cookie", page.cookies());
    let answer = gateway.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
    // Nor does a form that puts its fields into the address.
    let headers = [("Cookie", &*page.cookies()), ("Origin", &*gateway.origin)];
    let answer = post(&gateway, &path, &[], &headers).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
}

#[actix_web::test]
async fn the_attackers_sign_in_cannot_be_finished_in_the_victims_browser() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Asked about").await;
    let request = Gateway::authorize(&client_id, &[]);
    let mut attacker = gateway.browser();
    let page = gateway.open(&mut attacker, &request).await;
    let away = attacker
        .submit(&page, "consent", &[("decision", "approve")])
        .await;
    let state = away.location_query("state").unwrap();

    // The victim's own sign-in under way makes no difference.
    let mut victim = gateway.browser();
    let page = gateway.open(&mut victim, &request).await;
    victim
        .submit(&page, "consent", &[("decision", "approve")])
        .await;
    let link = format!("/sign-in?state={state}");
    let page = gateway.open(&mut victim, &link).await;
    assert_eq!((page.status.as_u16(), page.location), (400, None));
    let fields = [
        ("state".to_owned(), state),
        ("passphrase".to_owned(), gateway.passphrase.clone()),
    ];
    let url = gateway.url("/sign-in").parse().unwrap();
    let done = victim.post(&url, &fields).await;
    assert_eq!((done.status.as_u16(), done.location), (400, None));
}

#[actix_web::test]
async fn every_form_refuses_another_origin() {
    let gateway = Gateway::start().await;
    for form in genuine(&gateway).await {
        let path = form.path;
        for origin in ["null", "https://evil.example"] {
            let headers = [("Origin", origin)];
            let answer = form.post(&gateway, path, &[], &headers).await;
            let said = (answer.status.as_u16(), answer.location(), answer.cookies());
            assert_eq!(said, (400, None, String::new()), "{path} from {origin}");
        }
        // It was the origin alone: nothing is used up.
        let headers = [("Origin", &*gateway.origin)];
        let answer = form.post(&gateway, path, &[], &headers).await;
        assert!(form.was_taken(&answer), "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn no_page_for_people_can_be_read_by_another_origin() {
    let gateway = Gateway::start().await;
    for (method, path) in for_people(&gateway).await {
        let request = gateway
            .http
            .request(method.clone(), gateway.url(&path))
            .header("Origin", "https://evil.example");
        let answer = gateway.send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        let preflight = gateway
            .http
            .request(reqwest::Method::OPTIONS, gateway.url(&path))
            .header("Origin", "https://evil.example")
            .header("Access-Control-Request-Method", method.as_str());
        let answer = gateway.send(preflight).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
