//! `/token` and `/revoke`: wrong verifiers, replays, reuse.

use test_kit::mcp_client::{REDIRECT_URI, Tokens};
use test_kit::process::eventually;
use test_kit::stack::Stack;

#[actix_web::test]
async fn a_wrong_verifier_is_refused_and_burns_the_code() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let code = stack.code(&mut client).await;
    let wrong = client.redeem_with(&code, &"x".repeat(43)).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.error()),
        (400, "invalid_grant")
    );
    let right = client.redeem(&code).await;
    assert_eq!(
        (right.status.as_u16(), right.error()),
        (400, "invalid_grant")
    );
}

#[actix_web::test]
async fn a_code_used_twice_is_refused_and_ends_the_tokens_of_the_first_use() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let code = stack.code(&mut client).await;
    let tokens = Tokens::from(&client.redeem(&code).await);
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);

    let second = client.redeem(&code).await;
    assert_eq!(
        (second.status.as_u16(), second.error()),
        (400, "invalid_grant")
    );
    eventually("the access token has ended", async || {
        client.verify("fetch", &tokens.access).await.status() == 401
    })
    .await;
    let refresh = client.refresh(&tokens.refresh).await;
    assert_eq!(
        (refresh.status.as_u16(), refresh.error()),
        (400, "invalid_grant")
    );
}

#[actix_web::test]
async fn a_code_is_bound_to_its_client_and_its_redirect_uri() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let thief = stack.client("fetch").await;
    let code = stack.code(&mut client).await;
    let stolen = thief.redeem_with(&code, &client.verifier).await;
    assert_eq!(
        (stolen.status.as_u16(), stolen.error()),
        (400, "invalid_grant")
    );

    let code = stack.code(&mut client).await;
    let elsewhere = client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &format!("{REDIRECT_URI}/elsewhere")),
            ("code_verifier", &client.verifier),
            ("client_id", &client.client_id),
        ])
        .await;
    assert_eq!(
        (elsewhere.status.as_u16(), elsewhere.error()),
        (400, "invalid_grant")
    );
}

#[actix_web::test]
async fn a_refresh_rotates_and_late_reuse_ends_the_family() {
    let stack = Stack::start_with(&[("REFRESH_GRACE", "0")]).await;
    let mut client = stack.client("fetch").await;
    let first = stack.tokens(&mut client).await;
    let second = Tokens::from(&client.refresh(&first.refresh).await);
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(client.verify("fetch", &second.access).await.status(), 200);

    let reuse = client.refresh(&first.refresh).await;
    assert_eq!(
        (reuse.status.as_u16(), reuse.error()),
        (400, "invalid_grant")
    );
    let family = client.refresh(&second.refresh).await;
    assert_eq!(
        (family.status.as_u16(), family.error()),
        (400, "invalid_grant")
    );
    eventually("the family's access token has ended", async || {
        client.verify("fetch", &second.access).await.status() == 401
    })
    .await;
}

#[actix_web::test]
async fn within_the_grace_a_racing_refresh_gets_the_same_pair() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let first = stack.tokens(&mut client).await;
    let one = Tokens::from(&client.refresh(&first.refresh).await);
    let two = Tokens::from(&client.refresh(&first.refresh).await);
    assert_eq!(one.refresh, two.refresh);
    assert_eq!(client.verify("fetch", &two.access).await.status(), 200);
}

#[actix_web::test]
async fn an_unknown_client_at_the_token_endpoint_must_register_again() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    "nobody".clone_into(&mut client.client_id);
    let answer = client.refresh("nothing").await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
}

#[actix_web::test]
async fn a_revoked_token_is_refused() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    eventually("the access token has ended", async || {
        client.verify("fetch", &tokens.access).await.status() == 401
    })
    .await;
    let refresh = client.refresh(&tokens.refresh).await;
    assert_eq!(
        (refresh.status.as_u16(), refresh.error()),
        (400, "invalid_grant")
    );
}
