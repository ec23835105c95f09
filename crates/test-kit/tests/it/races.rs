//! Many requests at the same moment, through HTTP, on SQLite (one process) and on Redis (a process
//! for each service). The stores' own races are in `token-store/tests/contract`.

use std::collections::BTreeSet;

use actix_web::rt::spawn;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use test_kit::gateway::{CALLBACK, Gateway, Reply, VERIFIER};
use test_kit::process::{eventually, plain_http};
use test_kit::stack::Stack;
use url::Url;

const RACERS: usize = 64;

/// A running system of either kind.
enum System {
    Sqlite(Box<Gateway>),
    Redis(Box<Stack>),
}

/// A client with a secret of its own, which can be deleted.
struct Client {
    id: String,
    secret: String,
    token: String,
}

impl System {
    async fn on_sqlite() -> Self {
        Self::Sqlite(Box::new(Gateway::start().await))
    }

    async fn on_redis() -> Self {
        Self::Redis(Box::new(Stack::start().await))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        match self {
            Self::Sqlite(gateway) => gateway.http.request(method, gateway.url(path)),
            Self::Redis(stack) => {
                let edge = &stack.edge;
                edge.route(&plain_http(), method, &public(stack, path))
            }
        }
    }

    async fn register(&self) -> Client {
        let metadata = json!({
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_post",
        });
        let registered = send(self.request(Method::POST, "/register").json(&metadata)).await;
        Client {
            id: registered.text("client_id"),
            secret: registered.text("client_secret"),
            token: registered.text("registration_access_token"),
        }
    }

    /// A person approves and signs in: the code.
    async fn code(&self, client: &Client) -> String {
        let back = match self {
            Self::Sqlite(gateway) => {
                let mut browser = gateway.browser();
                let request = Gateway::authorize(&client.id, &[]);
                let consent = gateway.open(&mut browser, &request).await;
                gateway.approve(&mut browser, &consent).await
            }
            Self::Redis(stack) => {
                let mut browser = stack.browser();
                let resource = [("resource", &*stack.edge.resource("fetch"))];
                let request = Gateway::authorize(&client.id, &resource);
                let consent = browser.get(&public(stack, &request)).await;
                stack.approve(&mut browser, &consent).await
            }
        };
        back.location_query("code")
            .unwrap_or_else(|| panic!("no code: {back:?}"))
    }

    async fn tokens(&self, client: &Client) -> Reply {
        let code = self.code(client).await;
        let tokens = send(self.redemption(client, &code)).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens
    }

    fn redemption(&self, client: &Client, code: &str) -> RequestBuilder {
        self.request(Method::POST, "/token").form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &*client.id),
            ("client_secret", &*client.secret),
            ("code", code),
            ("code_verifier", VERIFIER),
        ])
    }

    fn refresh(&self, client: &Client, token: &str) -> RequestBuilder {
        self.request(Method::POST, "/token").form(&[
            ("grant_type", "refresh_token"),
            ("client_id", &*client.id),
            ("client_secret", &*client.secret),
            ("refresh_token", token),
        ])
    }

    fn revocation(&self, client: &Client, token: &str) -> RequestBuilder {
        self.request(Method::POST, "/revoke").form(&[
            ("client_id", &*client.id),
            ("client_secret", &*client.secret),
            ("token", token),
        ])
    }

    fn deletion(&self, client: &Client) -> RequestBuilder {
        let path = format!("/register/{}", client.id);
        self.request(Method::DELETE, &path)
            .bearer_auth(&client.token)
    }

    /// A request to the service with this token: what stands before it decides.
    fn used(&self, access_token: &str) -> RequestBuilder {
        match self {
            Self::Sqlite(gateway) => {
                let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
                let post = gateway.http.post(gateway.url("/mcp")).json(&ping);
                post.header("Accept", "application/json, text/event-stream")
                    .bearer_auth(access_token)
            }
            Self::Redis(stack) => {
                let asked = stack.edge.verify(&plain_http(), "fetch");
                asked.bearer_auth(access_token)
            }
        }
    }

    async fn lets_in(&self, access_token: &str) -> bool {
        let answer = send(self.used(access_token)).await;
        answer.status != 401
    }

    /// Nobody gets in any more, in any process.
    async fn is_over(&self, access_token: &str) {
        eventually("the access token has ended", async || {
            !self.lets_in(access_token).await
        })
        .await;
    }
}

fn public(stack: &Stack, path: &str) -> Url {
    let url = format!("{}{path}", stack.edge.issuer());
    url.parse().expect("a URL")
}

async fn send(request: RequestBuilder) -> Reply {
    Reply::read(request.send().await.expect("an answer")).await
}

/// Sends all at the same moment: the answers in the order of the requests.
async fn race(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Reply> {
    let racers: Vec<_> = requests.into_iter().map(|one| spawn(send(one))).collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.expect("an answer"));
    }
    answers
}

fn granted(answers: &[Reply]) -> Vec<&Reply> {
    let granted = answers.iter().filter(|answer| answer.status == 200);
    granted.collect()
}

/// The others were refused as the RFCs say.
fn assert_refused(answers: &[Reply], errors: &[(u16, &str)]) {
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let (status, code) = answer.error();
        assert!(errors.contains(&(status, &*code)), "{answer:?}");
    }
}

async fn one_code_is_redeemed_at_most_once_and_nothing_of_it_lives_on(system: System) {
    let client = system.register().await;
    let code = system.code(&client).await;
    let answers = race((0..RACERS).map(|_| system.redemption(&client, &code))).await;
    let winners = granted(&answers);
    assert!(winners.len() <= 1, "{winners:?}");
    assert_refused(&answers, &[(400, "invalid_grant")]);
    // Sixty-three were replays, and a replay ends what the code gave (RFC 6749 section 4.1.2).
    for winner in winners {
        system.is_over(&winner.text("access_token")).await;
        let refresh = send(system.refresh(&client, &winner.text("refresh_token"))).await;
        assert_eq!(refresh.error(), (400, "invalid_grant".to_owned()));
    }
    system.tokens(&client).await;
}

async fn one_refresh_token_gives_all_racers_the_same_pair(system: System) {
    let client = system.register().await;
    let first = system.tokens(&client).await.text("refresh_token");
    let answers = race((0..RACERS).map(|_| system.refresh(&client, &first))).await;
    assert_eq!(granted(&answers).len(), RACERS, "{answers:?}");
    let pairs: BTreeSet<_> = answers
        .iter()
        .map(|answer| (answer.text("access_token"), answer.text("refresh_token")))
        .collect();
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    let (access_token, successor) = pairs.into_iter().next().expect("a pair");
    assert!(system.lets_in(&access_token).await);
    let next = send(system.refresh(&client, &successor)).await;
    assert_eq!(next.status, 200, "{next:?}");
    assert_ne!(next.text("refresh_token"), successor);
}

async fn a_client_that_is_deleted_while_it_asks_has_no_token_left(system: System) {
    for round in 0..3 {
        let client = system.register().await;
        let (mut codes, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..8 {
            codes.push(system.code(&client).await);
            tokens.push(system.tokens(&client).await.text("refresh_token"));
        }
        let mut requests: Vec<_> = codes
            .iter()
            .map(|code| system.redemption(&client, code))
            .chain(tokens.iter().map(|token| system.refresh(&client, token)))
            .collect();
        // Earlier and later among them.
        requests.insert(requests.len() * round / 2, system.deletion(&client));
        let answers = race(requests).await;
        let deleted = answers.iter().filter(|answer| answer.status == 204).count();
        assert_eq!(deleted, 1, "{answers:?}");
        for answer in granted(&answers) {
            system.is_over(&answer.text("access_token")).await;
        }
        let others: Vec<_> = answers
            .into_iter()
            .filter(|answer| answer.status != 204)
            .collect();
        assert_refused(&others, &[(401, "invalid_client"), (400, "invalid_grant")]);
    }
}

async fn a_grant_that_is_revoked_while_it_is_used_is_over_when_the_answer_came(system: System) {
    let client = system.register().await;
    let tokens = system.tokens(&client).await;
    let (access_token, refresh_token) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let mut requests = Vec::new();
    for racer in 0..RACERS {
        requests.push(match racer % 4 {
            0 => system.refresh(&client, &refresh_token),
            _ => system.used(&access_token),
        });
    }
    requests.insert(RACERS / 2, system.revocation(&client, &refresh_token));
    let answers = race(requests).await;
    for (racer, answer) in answers.iter().enumerate() {
        assert!(!answer.status.is_server_error(), "{racer}: {answer:?}");
    }
    // Whatever a racer was given, it opens nothing now.
    system.is_over(&access_token).await;
    for answer in granted(&answers) {
        if answer.body.contains("\"refresh_token\"") {
            system.is_over(&answer.text("access_token")).await;
            let next = send(system.refresh(&client, &answer.text("refresh_token"))).await;
            assert_eq!(next.error(), (400, "invalid_grant".to_owned()));
        }
    }
}

/// Each race on both kinds of system.
macro_rules! races {
    ($($race:ident { $sqlite:ident, $redis:ident, })*) => {
        $(
            #[actix_web::test]
            async fn $sqlite() {
                $race(System::on_sqlite().await).await;
            }

            #[actix_web::test]
            async fn $redis() {
                $race(System::on_redis().await).await;
            }
        )*
    };
}

races! {
    one_code_is_redeemed_at_most_once_and_nothing_of_it_lives_on {
        sixty_four_redemptions_of_one_code_on_sqlite,
        sixty_four_redemptions_of_one_code_on_redis,
    }
    one_refresh_token_gives_all_racers_the_same_pair {
        sixty_four_refreshes_of_one_token_on_sqlite,
        sixty_four_refreshes_of_one_token_on_redis,
    }
    a_client_that_is_deleted_while_it_asks_has_no_token_left {
        a_client_deleted_while_it_asks_on_sqlite,
        a_client_deleted_while_it_asks_on_redis,
    }
    a_grant_that_is_revoked_while_it_is_used_is_over_when_the_answer_came {
        a_grant_revoked_while_it_is_used_on_sqlite,
        a_grant_revoked_while_it_is_used_on_redis,
    }
}
