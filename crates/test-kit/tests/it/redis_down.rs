//! The store is gone: nobody comes in, nobody is told that his credentials are bad, and all is
//! well again by itself when it comes back.

use test_kit::process::eventually;
use test_kit::stack::Stack;

#[actix_web::test]
async fn without_redis_the_verifier_denies_with_503_and_recovers_by_itself() {
    let mut stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);

    stack.redis.kill();
    eventually("the verifier stops deciding", async || {
        client.verify("fetch", &tokens.access).await.status() == 503
    })
    .await;
    let denial = client.verify("fetch", &tokens.access).await;
    assert_eq!(denial.status(), 503);
    let retry_after = denial.headers()["retry-after"].to_str().unwrap();
    assert!(retry_after.parse::<u32>().is_ok(), "{retry_after}");
    assert!(!denial.headers().contains_key("www-authenticate"));
    assert!(!denial.headers().contains_key("x-auth-assertion"));

    stack.redis.restart().await;
    eventually("the verifier decides again", async || {
        client.verify("fetch", &tokens.access).await.status() == 200
    })
    .await;
}

#[actix_web::test]
async fn without_redis_a_refresh_is_never_an_invalid_grant() {
    let mut stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    stack.redis.kill();
    let answer = client.refresh(&tokens.refresh).await;
    assert_eq!(answer.status, 503);
    assert!(
        ["temporarily_unavailable", "server_error"].contains(&answer.error()),
        "{answer:?}"
    );

    stack.redis.restart().await;
    eventually("a refresh works again", async || {
        client.refresh(&tokens.refresh).await.status == 200
    })
    .await;
}
