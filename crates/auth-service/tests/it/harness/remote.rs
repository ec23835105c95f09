//! The rest of the web, as clients' own hosts make it up.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use auth_service::flows::remote::{Remote, RemoteAnswer, RemoteFault};
use serde_json::Value;
use tokio::sync::Notify;

/// The rest of the web: what is at which address, and what was asked for.
#[derive(Default)]
pub(crate) struct FakeRemote {
    answers: Mutex<BTreeMap<String, Result<RemoteAnswer, RemoteFault>>>,
    asked: Mutex<Vec<String>>,
    hangs: AtomicBool,
    answers_again: Notify,
}

/// Until whatever was begun behind the back of requests is over, or hangs.
pub(crate) async fn settled() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

impl FakeRemote {
    /// From now on nothing that is asked is answered.
    pub(crate) fn hang(&self) {
        self.hangs.store(true, Ordering::SeqCst);
    }

    /// What hangs is answered after all, and so is what comes.
    pub(crate) fn answer_again(&self) {
        self.hangs.store(false, Ordering::SeqCst);
        self.answers_again.notify_waiters();
    }

    pub(crate) fn put(&self, url: &str, answer: Result<RemoteAnswer, RemoteFault>) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// JSON that may be kept for ten minutes.
    pub(crate) fn put_json(&self, url: &str, json: &Value) {
        let answer = RemoteAnswer {
            status: 200,
            content_type: Some("application/json".to_owned()),
            cache_control: Some("max-age=600".to_owned()),
            body: Some(json.to_string().into_bytes()),
            ..RemoteAnswer::default()
        };
        self.put(url, Ok(answer));
    }

    /// How often an address was asked for.
    pub(crate) fn asked(&self, url: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == url).count()
    }
}

#[async_trait]
impl Remote for FakeRemote {
    async fn get(&self, url: &str) -> Result<RemoteAnswer, RemoteFault> {
        self.asked.lock().unwrap().push(url.to_owned());
        if self.hangs.load(Ordering::SeqCst) {
            self.answers_again.notified().await;
        }
        let answers = self.answers.lock().unwrap();
        answers
            .get(url)
            .cloned()
            .unwrap_or(Err(RemoteFault::Unreachable))
    }
}
