//! What an operator or a client changes reaches the memory of every verifier, and each process that
//! asks who may come in.

use std::fs;

use serde_json::Value;
use test_kit::edge::Edge;
use test_kit::forger::Token;
use test_kit::mcp_client::{McpClient, Tokens};
use test_kit::process::{eventually, free_address, plain_http};
use test_kit::stack::{ADMITTED, Stack};

/// A deployment with two verifiers, and a client that both know well.
struct Known {
    stack: Stack,
    verifiers: [Edge; 2],
    client: McpClient,
    tokens: Tokens,
}

impl Known {
    async fn start() -> Self {
        let mut stack = Stack::start().await;
        let second = free_address();
        stack.add_verifier(second, &[]).await;
        // One of its own: a public client is shared by all that have its metadata.
        let mut client = McpClient::register_as(&stack.edge, "fetch", "client_secret_post").await;
        let tokens = stack.tokens(&mut client).await;
        let verifiers = [
            stack.edge.clone(),
            Edge {
                forward_auth: second,
                ..stack.edge.clone()
            },
        ];
        let known = Self {
            stack,
            verifiers,
            client,
            tokens,
        };
        assert_eq!(known.statuses(&known.tokens.access).await, [200, 200]);
        // Now from memory, or at least it might be.
        assert_eq!(known.statuses(&known.tokens.access).await, [200, 200]);
        known
    }

    /// What each verifier says of a token.
    async fn statuses(&self, token: &str) -> [u16; 2] {
        let mut statuses = [0; 2];
        for (status, edge) in statuses.iter_mut().zip(&self.verifiers) {
            let request = edge.verify(&plain_http(), "fetch").bearer_auth(token);
            *status = request.send().await.unwrap().status().as_u16();
        }
        statuses
    }

    async fn until_each_says(&self, status: u16) {
        eventually(&format!("each verifier says {status}"), async || {
            self.statuses(&self.tokens.access).await == [status; 2]
        })
        .await;
    }

    /// Tells every process to read its settings again.
    fn hang_up(&self) {
        self.stack.auth_service.signal("HUP");
        for verifier in &self.stack.verifiers {
            verifier.signal("HUP");
        }
    }

    async fn may_be_dropped_and_admitted_again(mut self, tell: impl Fn(&Self)) {
        self.stack.allow("somebody-else");
        tell(&self);
        self.until_each_says(401).await;
        let refresh = self.tokens.refresh.clone();
        eventually("a refresh is refused", async || {
            let answer = self.client.refresh(&refresh).await;
            if answer.status == 200 {
                // auth-service had not read the list yet.
                self.tokens = Tokens::from(&answer);
            }
            answer.status == 400 && answer.error() == "invalid_grant"
        })
        .await;
        self.stack.allow(ADMITTED);
        tell(&self);
        // The refusal of the refresh has ended the grant, so it takes a new one.
        eventually("a new sign-in succeeds", async || {
            let code = self.code().await;
            let Some(code) = code else { return false };
            self.tokens = Tokens::from(&self.client.redeem(&code).await);
            true
        })
        .await;
        self.until_each_says(200).await;
    }

    /// A code, once auth-service lets the person in.
    async fn code(&mut self) -> Option<String> {
        let (mut browser, consent) = self.stack.consent_page(&mut self.client).await;
        let back = self.stack.approve(&mut browser, &consent).await;
        back.location_query("code")
    }
}

#[actix_web::test]
async fn who_is_dropped_from_the_file_is_out_after_a_signal() {
    let known = Known::start().await;
    known
        .may_be_dropped_and_admitted_again(Known::hang_up)
        .await;
}

#[actix_web::test]
async fn who_is_dropped_from_the_file_is_out_everywhere_after_one_command() {
    let known = Known::start().await;
    known
        .may_be_dropped_and_admitted_again(|known| {
            known.stack.operate(&["reload"], &[]);
        })
        .await;
}

#[actix_web::test]
async fn a_key_that_is_taken_back_is_believed_nowhere_though_it_is_still_published() {
    let known = Known::start().await;
    let kid = Token::parse(&known.tokens.access).header["kid"].clone();
    let kid = kid.as_str().unwrap();
    // The operator's machine has the keys too, and reaches Redis; auth-service's own directory
    // stays as it is.
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(known.stack.signing_keys()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let assertion = tempfile::tempdir().unwrap();
    let directories = [
        ("JWT_KEY_DIR", copy.path().to_str().unwrap()),
        ("ASSERTION_KEY_DIR", assertion.path().to_str().unwrap()),
    ];
    let rotate = ["keys", "rotate", "--only", "tokens", "--delay", "0"];
    known.stack.operate(&rotate, &directories);
    let retire = ["keys", "retire", kid, "--now"];
    eventually("another key is active, so this one may go", async || {
        let list = known
            .stack
            .operate(&["keys", "list", "--json"], &directories);
        let list: Vec<Value> = serde_json::from_str(&list).unwrap();
        list[0]["state"] == "active" && list[0]["kid"] != kid
    })
    .await;
    known.stack.operate(&retire, &directories);
    known.until_each_says(401).await;
    let jwks = format!("http://{}/jwks", known.stack.edge.auth_service);
    let set = plain_http().get(jwks).send().await.unwrap();
    let set: Value = set.json().await.unwrap();
    let published = set["keys"].as_array().unwrap().iter();
    let kids: Vec<_> = published.map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids, [kid], "it is published all the while");
    assert_eq!(known.statuses(&known.tokens.access).await, [401, 401]);
}

#[actix_web::test]
async fn the_tokens_of_a_client_that_is_deleted_are_refused_by_every_verifier() {
    let known = Known::start().await;
    let mut other = known.stack.client("fetch").await;
    let others = known.stack.tokens(&mut other).await;
    assert_eq!(known.statuses(&others.access).await, [200, 200]);
    assert_eq!(known.client.delete().await, 204);
    known.until_each_says(401).await;
    assert_eq!(known.statuses(&others.access).await, [200, 200]);
}
