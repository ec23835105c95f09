//! The page on which a person ends what clients have: another site that would have his browser end
//! it or sign it in, a planted cookie, a hostile name, another's grant.

use serde_json::json;
use test_kit::browser::{Browser, Page};
use test_kit::gateway::{CALLBACK, Gateway, Reply};

/// Signs the owner in to the page.
async fn open(gateway: &Gateway, browser: &mut Browser) -> Page {
    let page = gateway.open(browser, "/account").await;
    let away = browser.submit(&page, "account-sign-in", &[]).await;
    let sign_in = away.location.unwrap_or_else(|| panic!("{}", away.body));
    let page = browser.get(&sign_in).await;
    let passphrase = [("passphrase", gateway.passphrase.as_str())];
    let done = browser.submit(&page, "sign-in", &passphrase).await;
    browser.get(&done.location.unwrap()).await
}

/// The same by hand: the cookie of the sign-in, and the page.
pub(super) async fn signed_in(gateway: &Gateway) -> (String, Reply) {
    let page = gateway.get("/account").await;
    let away = post(gateway, "/account/sign-in", &page, &page.cookies(), &[]).await;
    let path = away.location().unwrap().strip_prefix(&*gateway.origin);
    let form = with_cookie(gateway, path.unwrap(), &away.cookies()).await;
    let (state, passphrase) = (form.field("state"), &gateway.passphrase);
    let fields = [("state", &*state), ("passphrase", passphrase)];
    let request = gateway.http.post(gateway.url("/sign-in")).form(&fields);
    let request = request.header("Cookie", away.cookies());
    let cookies = gateway.send(request).await.cookies();
    let own = cookies
        .split("; ")
        .find(|one| one.starts_with("mcp-account="));
    let own = own.unwrap().to_owned();
    let page = with_cookie(gateway, "/account", &own).await;
    (own, page)
}

async fn with_cookie(gateway: &Gateway, path: &str, cookie: &str) -> Reply {
    let request = gateway.http.get(gateway.url(path)).header("Cookie", cookie);
    gateway.send(request).await
}

/// Posts the ticket of a page.
async fn post(
    gateway: &Gateway,
    path: &str,
    page: &Reply,
    cookie: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let fields = [("ticket", page.field("ticket"))];
    let request = gateway.http.post(gateway.url(path)).form(&fields);
    let mut request = request.header("Cookie", cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gateway.send(request).await
}

#[actix_web::test]
async fn what_a_person_ends_is_refused_at_the_next_request() {
    let gateway = Gateway::start().await;
    let client = gateway.public_client("Northlight").await;
    let tokens = gateway.tokens(&client).await;
    let access_token = tokens.text("access_token");
    assert_eq!(gateway.mcp(&access_token).await, 200);
    let mut browser = gateway.browser();
    let page = open(&gateway, &mut browser).await;
    assert!(page.body.contains("Northlight"), "{}", page.body);
    // What the verifier let in is noted every two seconds.
    let page = gateway
        .open_until(&mut browser, "/account", "Last used")
        .await;
    assert!(!page.body.contains("No use is known."), "{}", page.body);
    let ended = browser.submit(&page, "end-all-form", &[]).await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert_eq!(gateway.mcp(&access_token).await, 401);
    let refreshed = gateway
        .refresh(&client, &tokens.text("refresh_token"))
        .await;
    assert_eq!(refreshed.error(), (400, "invalid_grant".to_owned()));
}

#[actix_web::test]
async fn another_origin_ends_nothing_even_with_cookie_and_ticket() {
    let gateway = Gateway::start().await;
    let client = gateway.public_client("Northlight").await;
    let access_token = gateway.tokens(&client).await.text("access_token");
    let (cookie, page) = signed_in(&gateway).await;
    for path in [
        "/account/end",
        "/account/end-all",
        "/account/sign-out",
        "/account/sign-in",
    ] {
        for origin in ["null", "https://evil.example", "http://localhost:1"] {
            let headers = [("Origin", origin)];
            let answer = post(&gateway, path, &page, &cookie, &headers).await;
            let said = (answer.status.as_u16(), answer.location(), answer.cookies());
            assert_eq!(said, (400, None, String::new()), "{path} {origin}");
        }
        // Nor does a link: only a form ends something.
        assert_eq!(
            with_cookie(&gateway, path, &cookie).await.status,
            405,
            "{path}"
        );
    }
    assert_eq!(gateway.mcp(&access_token).await, 200);
    let own = [("Origin", &*gateway.origin)];
    let answer = post(&gateway, "/account/end-all", &page, &cookie, &own).await;
    assert_eq!(answer.status, 303);
    assert_eq!(gateway.mcp(&access_token).await, 401);
}

#[actix_web::test]
async fn a_form_without_the_ticket_of_this_very_sign_in_ends_nothing() {
    let gateway = Gateway::start().await;
    let client = gateway.public_client("Northlight").await;
    let access_token = gateway.tokens(&client).await.text("access_token");
    let ((cookie, _), (_, other)) = (signed_in(&gateway).await, signed_in(&gateway).await);
    let stranger = gateway.get("/account").await;
    for page in [&other, &stranger] {
        let answer = post(&gateway, "/account/end-all", page, &cookie, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
    }
    let bare = gateway.http.post(gateway.url("/account/end-all"));
    let answer = gateway.send(bare.header("Cookie", &cookie)).await;
    assert_eq!(answer.status, 400);
    // Without the cookie the ticket is worth nothing: who has it is asked to sign in.
    let answer = post(&gateway, "/account/end-all", &other, "", &[]).await;
    assert_eq!(answer.location(), Some(&*gateway.url("/account")));
    assert_eq!(gateway.mcp(&access_token).await, 200);
}

#[actix_web::test]
async fn a_planted_cookie_is_replaced_by_a_sign_in_and_a_made_up_one_is_nobodys() {
    let gateway = Gateway::start().await;
    let (first, _) = signed_in(&gateway).await;
    let (second, _) = signed_in(&gateway).await;
    assert_ne!(first, second);
    let mut changed = first.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    for made_up in [
        "mcp-account=x",
        &changed,
        "mcp-account=eyJ1c2VyX2lkIjoibG9jYWx8b3duZXIifQ",
    ] {
        let page = with_cookie(&gateway, "/account", made_up).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("Sign in with"), "{made_up}");
        assert!(!page.body.contains("Signed in as"), "{made_up}");
    }
    // What is kept of an approval is no sign-in to this page.
    let client = gateway.public_client("Northlight").await;
    let consent = gateway.get(&Gateway::authorize(&client, &[])).await;
    let sealed = format!("mcp-account={}", consent.field("request"));
    let page = with_cookie(&gateway, "/account", &sealed).await;
    assert!(!page.body.contains("Signed in as"));
}

#[actix_web::test]
async fn nobody_has_the_page_say_that_something_was_ended() {
    let gateway = Gateway::start().await;
    let client = gateway.public_client("Northlight").await;
    gateway.tokens(&client).await;
    let (theirs, page) = signed_in(&gateway).await;
    let done = post(&gateway, "/account/end-all", &page, &theirs, &[]).await;
    let address = done.location().unwrap().to_owned();
    let path = address.strip_prefix(&*gateway.origin).unwrap();
    let said = with_cookie(&gateway, path, &theirs).await;
    assert!(said.body.contains("role=\"status\""), "{}", said.body);
    let (own, page) = signed_in(&gateway).await;
    let ticket = format!("/account?done={}", page.field("ticket"));
    for planted in [path, &ticket, "/account?done=1", "/account?done=<b>Ended"] {
        let page = with_cookie(&gateway, planted, &own).await;
        assert!(!page.body.contains("role=\"status\""), "{planted}");
        assert!(!page.body.contains("<b>"), "{planted}");
    }
}

#[actix_web::test]
async fn a_hostile_name_is_text_on_the_page_and_in_its_buttons() {
    let gateway = Gateway::start().await;
    for name in [
        "<script>alert(1)</script>",
        "\" onfocus=\"alert(1)\" autofocus=\"",
        "</button></form><form action=\"https://evil.example\">",
    ] {
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        let client = gateway.register(&metadata).await.text("client_id");
        gateway.tokens(&client).await;
    }
    let (_, page) = signed_in(&gateway).await;
    for markup in ["<script", "\" onfocus=", "action=\"https:"] {
        assert!(!page.body.contains(markup), "{markup} in {}", page.body);
    }
    assert_eq!(page.body.matches("&#60;script&#62;alert(1)").count(), 2);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
