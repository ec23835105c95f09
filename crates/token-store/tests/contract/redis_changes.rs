//! What the verifier is told of changes in Redis, and that it believes nothing where it might not
//! be told.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use token_core::store::{ActiveTokens as _, GrantStore as _, Mark, StoreError};
use token_core::{Clock as _, Jti, Seconds, SystemClock, Timestamp};
use token_store::{Heard, RedisActiveTokens};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::records::{Family, now};
use crate::redis_server::{RedisServer, heard};

/// A verifier that was told of nothing yet, and what it hears.
struct Listener {
    heard: Heard,
    tokens: RedisActiveTokens,
}

impl Listener {
    fn to(server: &RedisServer) -> Self {
        let heard = heard();
        Self {
            tokens: server.active_tokens_heard(&heard),
            heard,
        }
    }

    /// Asks about a token until it is active and the answer may be remembered.
    async fn remember(&self, jti: &Jti) -> Mark {
        loop {
            let mark = self.heard.freshness.mark(self.tokens.voice(), jti);
            if matches!(self.tokens.is_active(jti, now()).await, Ok(true)) && self.holds(&mark) {
                return mark;
            }
            pause().await;
        }
    }

    fn holds(&self, mark: &Mark) -> bool {
        self.heard.freshness.holds(mark, SystemClock.now())
    }

    async fn until_spoilt(&self, mark: &Mark) {
        while self.holds(mark) {
            pause().await;
        }
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

async fn active_token(server: &RedisServer) -> Jti {
    let pair = Family::new().pair(now());
    server.store().issue_tokens(&pair, now()).await.unwrap();
    pair.token.jti
}

#[tokio::test]
async fn revoking_a_token_or_ending_its_grant_is_told_and_nothing_else() {
    let server = RedisServer::start();
    let (one, other) = (active_token(&server).await, active_token(&server).await);
    let third = active_token(&server).await;
    let listener = Listener::to(&server);
    let mut remembered = Vec::new();
    for jti in [&one, &other, &third] {
        remembered.push(listener.remember(jti).await);
    }
    let store = server.store();
    store.revoke_token(&one, now()).await.unwrap();
    listener.until_spoilt(&remembered[0]).await;
    assert!(!listener.tokens.is_active(&one, now()).await.unwrap());
    let until = now().plus(Seconds(3600));
    store.end_grant(&other.grant(), now(), until).await.unwrap();
    listener.until_spoilt(&remembered[1]).await;
    assert!(!listener.tokens.is_active(&other, now()).await.unwrap());
    // One of 65,536 runs fails here: two tokens then share a counter.
    assert!(listener.holds(&remembered[2]), "nothing was said of it");
}

#[tokio::test]
async fn each_thread_is_told_of_what_it_asked() {
    let server = RedisServer::start();
    let listener = Arc::new(Listener::to(&server));
    let (here, there) = (active_token(&server).await, active_token(&server).await);
    let own = listener.remember(&here).await;
    let (other, asked) = (Arc::clone(&listener), there.clone());
    let (tell, told) = oneshot::channel();
    let (done, until_done) = oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mark = other.remember(&asked).await;
            tell.send((other.tokens.voice(), mark)).unwrap();
            until_done.await.unwrap();
        });
    });
    let (voice, others) = told.await.unwrap();
    assert_ne!(voice, listener.tokens.voice());
    server.store().revoke_token(&there, now()).await.unwrap();
    listener.until_spoilt(&others).await;
    // One of 65,536 runs fails here: the two tokens then share a counter.
    assert!(listener.holds(&own), "nothing was said of it");
    done.send(()).unwrap();
    thread.join().unwrap();
}

#[tokio::test]
async fn while_the_first_connection_is_gone_no_thread_gets_an_answer() {
    let server = RedisServer::start();
    let listener = Arc::new(Listener::to(&server));
    let jti = active_token(&server).await;
    listener.remember(&jti).await;
    let (other, asked) = (Arc::clone(&listener), jti.clone());
    let (connected, until_connected) = oneshot::channel();
    let (cut, until_cut) = oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            other.remember(&asked).await;
            connected.send(()).unwrap();
            until_cut.await.unwrap();
            other.tokens.is_active(&asked, now()).await
        })
    });
    until_connected.await.unwrap();
    // The first connection ends and cannot come back; the other thread's lives.
    let clients: String = server.run(&["CLIENT", "LIST"]);
    let of_verifier = clients
        .lines()
        .filter(|line| line.contains("user=verifier"));
    let first = of_verifier.map(client_id).min().unwrap();
    let () = server.run(&["ACL", "SETUSER", "verifier", "resetpass"]);
    let _: i64 = server.run(&["CLIENT", "KILL", "ID", &first.to_string()]);
    while listener.holds(&listener.heard.freshness.mark(listener.tokens.voice(), &jti)) {
        pause().await;
    }
    cut.send(()).unwrap();
    let answer = thread.join().unwrap();
    assert!(
        matches!(answer, Err(StoreError::Unavailable(_))),
        "{answer:?}"
    );
}

fn client_id(line: &str) -> u64 {
    let id = line.split_whitespace().next().unwrap();
    id.strip_prefix("id=").unwrap().parse().unwrap()
}

#[tokio::test]
async fn whatever_takes_a_token_away_is_told() {
    let server = RedisServer::start();
    let listener = Listener::to(&server);
    let jti = active_token(&server).await;
    let mark = listener.remember(&jti).await;
    let key = server
        .keys()
        .into_iter()
        .find(|key| key.starts_with("oauth:token:"));
    let _: i64 = server.run(&["DEL", &key.unwrap()]);
    listener.until_spoilt(&mark).await;

    let jti = active_token(&server).await;
    let mark = listener.remember(&jti).await;
    let () = server.run(&["FLUSHALL"]);
    listener.until_spoilt(&mark).await;
    assert!(!listener.tokens.is_active(&jti, now()).await.unwrap());
}

#[tokio::test]
async fn a_token_that_is_not_there_yet_is_told_of_when_it_comes() {
    let server = RedisServer::start();
    let listener = Listener::to(&server);
    listener.remember(&active_token(&server).await).await;
    let pair = Family::new().pair(now());
    let jti = &pair.token.jti;
    let voice = listener.tokens.voice();
    let mark = listener.heard.freshness.mark(voice, jti);
    assert!(!listener.tokens.is_active(jti, now()).await.unwrap());
    server.store().issue_tokens(&pair, now()).await.unwrap();
    listener.until_spoilt(&mark).await;
}

#[tokio::test]
async fn a_connection_that_ends_spoils_everything_and_the_next_begins_anew() {
    let mut server = RedisServer::start();
    let listener = Listener::to(&server);
    let jti = active_token(&server).await;
    let mark = listener.remember(&jti).await;
    let _: i64 = server.run(&["CLIENT", "KILL", "USER", "verifier"]);
    listener.until_spoilt(&mark).await;
    let mark = listener.remember(&jti).await;
    server.stop();
    listener.until_spoilt(&mark).await;
    server.restart();
    let mark = listener.remember(&jti).await;
    server.store().revoke_token(&jti, now()).await.unwrap();
    listener.until_spoilt(&mark).await;
}

#[tokio::test]
async fn a_redis_that_falls_silent_is_not_believed() {
    let server = RedisServer::start();
    let listener = Listener::to(&server);
    let jti = active_token(&server).await;
    let mark = listener.remember(&jti).await;
    server.signal("STOP");
    listener.until_spoilt(&mark).await;
    server.signal("CONT");
    listener.remember(&jti).await;
}

#[tokio::test]
async fn a_key_that_is_taken_back_is_told_also_to_who_was_away() {
    let mut server = RedisServer::start();
    let listener = Listener::to(&server);
    listener.remember(&active_token(&server).await).await;
    let until = now().plus(Seconds(3600));
    server
        .store()
        .retire_key("first", until, now())
        .await
        .unwrap();
    while !listener.heard.retired_keys.current().contains("first") {
        pause().await;
    }
    server
        .store()
        .retire_key("second", until, now())
        .await
        .unwrap();
    while !listener.heard.retired_keys.current().contains("second") {
        pause().await;
    }
    assert_eq!(listener.heard.retired_keys.current().len(), 2);
    server.stop();
    server.restart();
    // Who connects later hears of both at once.
    let later = Listener::to(&server);
    while later.heard.retired_keys.current().len() < 2 {
        pause().await;
    }
    // The first is forgotten once none of its tokens can live.
    let after = Timestamp(until.0 + 1);
    server
        .store()
        .retire_key("third", after.plus(Seconds(60)), after)
        .await
        .unwrap();
    while later.heard.retired_keys.current().contains("first") {
        pause().await;
    }
}

#[tokio::test]
async fn a_reload_is_told_once_also_after_an_absence() {
    let mut server = RedisServer::start();
    server.store().announce_reload().await.unwrap();
    let listener = Listener::to(&server);
    let jti = active_token(&server).await;
    listener.remember(&jti).await;
    let reload = &listener.heard.reload;
    let early = tokio::time::timeout(Duration::ZERO, reload.notified()).await;
    assert!(early.is_err(), "what was before the start is no news");
    server.store().announce_reload().await.unwrap();
    reload.notified().await;

    // Announced while nobody listens: a Redis of its own would not do, so the link is cut short.
    let () = server.run(&["ACL", "SETUSER", "verifier", "off"]);
    let _: i64 = server.run(&["CLIENT", "KILL", "USER", "verifier"]);
    server.store().announce_reload().await.unwrap();
    let () = server.run(&["ACL", "SETUSER", "verifier", "on"]);
    reload.notified().await;
    server.stop();
    server.restart();
    listener.remember(&jti).await;
    let again = tokio::time::timeout(Duration::ZERO, reload.notified()).await;
    assert!(again.is_err(), "a reconnection is no reload");
}
