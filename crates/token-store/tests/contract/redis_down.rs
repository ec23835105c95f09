//! What the Redis stores promise while Redis is away: an error, soon; and that they are well again
//! by themselves when it is back.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use token_core::store::{ActiveTokens, GrantStore as _, StoreError};
use token_core::{Jti, SystemClock};
use token_store::{RedisActiveTokens, RedisSettings, RedisSettingsError, RedisStore};
use tokio::time::error::Elapsed;

use crate::records::{Family, now};
use crate::redis_server::{RedisServer, heard};

/// Asserts that each question fails, and that none is left without an answer.
async fn is_unavailable(tokens: &dyn ActiveTokens) {
    let jti = Family::new().pair(now()).token.jti;
    for _ in 0..3 {
        let answers = async {
            [
                tokens.ping().await,
                tokens.is_active(&jti, now()).await.map(|_| ()),
            ]
        };
        let answers = tokio::time::timeout(Duration::from_mins(1), answers).await;
        for answer in answers.expect("an answer") {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))));
        }
    }
}

/// Whether the token is active, asked until there is an answer or an error that does not come from
/// the slowness of the machine that runs the test.
async fn is_active(tokens: &dyn ActiveTokens, jti: &Jti) -> bool {
    for _ in 0..50 {
        match tokens.is_active(jti, now()).await {
            Err(StoreError::Unavailable(cause)) if is_slowness(cause.as_ref()) => {}
            answer => return answer.unwrap(),
        }
    }
    panic!("no answer in time, 50 times");
}

fn is_slowness(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    cause.is::<Elapsed>()
        || cause
            .downcast_ref::<RedisError>()
            .is_some_and(RedisError::is_timeout)
}

/// Both kinds of client, and a token that is active.
async fn set_up(server: &RedisServer) -> (RedisStore, RedisActiveTokens, Jti) {
    let (store, verifier) = (server.store(), server.active_tokens());
    let pair = Family::new().pair(now());
    store.issue_tokens(&pair, now()).await.unwrap();
    assert!(is_active(&verifier, &pair.token.jti).await);
    (store, verifier, pair.token.jti)
}

#[tokio::test]
async fn a_redis_that_ends_is_unavailable_and_its_return_is_noticed_at_once() {
    let mut server = RedisServer::start();
    let (store, verifier, jti) = set_up(&server).await;
    server.stop();
    is_unavailable(&store).await;
    is_unavailable(&verifier).await;
    server.restart();
    assert!(is_active(&verifier, &jti).await);
    assert!(is_active(&store, &jti).await);
}

#[tokio::test]
async fn a_restart_between_two_questions_is_not_noticed() {
    let mut server = RedisServer::start();
    let (store, verifier, jti) = set_up(&server).await;
    server.stop();
    server.restart();
    assert!(is_active(&verifier, &jti).await);
    assert!(is_active(&store, &jti).await);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_unavailable() {
    let server = RedisServer::start();
    let (store, verifier, jti) = set_up(&server).await;
    store.ping().await.unwrap();
    server.signal("STOP");
    // Over the connection that was good a moment ago, where the driver alone watches the time.
    let answer = tokio::time::timeout(Duration::from_secs(5), store.ping()).await;
    let Ok(Err(StoreError::Unavailable(cause))) = answer else {
        panic!("{answer:?}");
    };
    let cause = cause.downcast_ref::<RedisError>();
    assert!(cause.is_some_and(RedisError::is_timeout));
    is_unavailable(&verifier).await;
    server.signal("CONT");
    // It answers what it was asked while it stood, and only then what it is asked now.
    let () = server.run(&["PING"]);
    assert!(is_active(&verifier, &jti).await);
    assert!(is_active(&store, &jti).await);
}

#[tokio::test]
async fn a_redis_that_is_down_at_the_start_is_waited_for() {
    let mut server = RedisServer::start();
    let jti = set_up(&server).await.2;
    server.stop();
    let (store, verifier) = (server.store(), server.active_tokens());
    is_unavailable(&verifier).await;
    is_unavailable(&store).await;
    server.restart();
    assert!(is_active(&verifier, &jti).await);
    assert!(is_active(&store, &jti).await);
}

#[tokio::test]
async fn a_password_that_is_set_right_in_redis_needs_no_restart_here() {
    let server = RedisServer::start();
    let jti = set_up(&server).await.2;
    let late = "set-later-set-later";
    let settings = RedisSettings {
        password: Some(late.to_owned()),
        ..server.verifier_settings()
    };
    let verifier = connect(&settings).unwrap();
    is_unavailable(&verifier).await;
    let error = verifier.ping().await.unwrap_err();
    assert!(!format!("{error:?}").contains(late));
    let () = server.run(&["ACL", "SETUSER", "verifier", &format!(">{late}")]);
    assert!(is_active(&verifier, &jti).await);
}

#[tokio::test]
async fn the_verifiers_user_can_do_nothing_else() {
    let server = RedisServer::start();
    let (_, verifier, jti) = set_up(&server).await;
    verifier.ping().await.unwrap();
    let refused: Vec<redis::Value> = server.run(&["ACL", "LOG"]);
    assert!(refused.is_empty(), "it asks for no more than it may");
    // A store that signs in as the verifier's user can look at tokens, and is refused the rest.
    let store = RedisStore::connect(&server.verifier_settings()).unwrap();
    for outcome in [
        store.revoke_token(&jti, now()).await.map(|_| ()),
        store.put_code(&Family::new().code(now()), now()).await,
    ] {
        assert!(outcome.is_err());
    }
    assert!(is_active(&verifier, &jti).await);
}

#[tokio::test]
async fn an_address_of_no_redis_is_refused_at_the_start() {
    for url in ["", "redis", "http://redis:6379", "redis://host:port"] {
        let settings = RedisSettings {
            url: url.to_owned(),
            password: None,
        };
        assert!(RedisStore::connect(&settings).is_err(), "{url}");
        assert!(connect(&settings).is_err(), "{url}");
    }
}

/// A server's worker has a runtime of its own, which ends when the worker does.
#[test]
fn the_end_of_the_runtime_that_connected_is_not_noticed_by_the_store() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let server = RedisServer::start();
    let (store, _, jti) = runtime().block_on(set_up(&server));
    for _ in 0..2 {
        runtime().block_on(async {
            assert!(is_active(&store, &jti).await);
        });
    }
}

fn connect(settings: &RedisSettings) -> Result<RedisActiveTokens, RedisSettingsError> {
    RedisActiveTokens::connect(settings, heard(), Arc::new(SystemClock))
}
