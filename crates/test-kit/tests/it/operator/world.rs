//! A running gateway of either kind, people and clients who use it, and its operator.

use std::process::Output;

use serde_json::Value;
use test_kit::gateway::Gateway;
use test_kit::mcp_client::{McpClient, Tokens};
use test_kit::process::eventually;
use test_kit::stack::{ADMITTED, Stack};

/// A gateway.
pub(crate) enum World {
    /// Two services, Redis, a verifier of its own.
    Deployment(Box<Stack>),
    /// One process, one service, SQLite.
    Single(Gateway),
}

/// A client that somebody signed in with.
pub(crate) struct Held {
    pub(crate) client_id: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) service: &'static str,
    client: Option<McpClient>,
}

impl Held {
    /// `jti` of the access token.
    pub(crate) fn jti(&self) -> String {
        let claims = test_kit::forger::Token::parse(&self.access).claims;
        claims["jti"].as_str().expect("a jti").to_owned()
    }

    pub(crate) fn session(&self) -> String {
        self.jti().split('.').next().expect("a grant").to_owned()
    }
}

impl World {
    /// One of each kind.
    pub(crate) async fn both() -> [Self; 2] {
        let stack = Stack::start().await;
        [
            Self::Deployment(Box::new(stack)),
            Self::Single(Gateway::start().await),
        ]
    }

    /// A deployment where a second person may come in.
    pub(crate) async fn deployment_of_two() -> Self {
        let both = format!("{ADMITTED},hubot");
        let stack = Stack::start_with(&[("ALLOWED_GITHUB_USERS", &both)]).await;
        stack.allow(&both);
        stack.operate(&["reload"], &[]);
        Self::Deployment(Box::new(stack))
    }

    pub(crate) fn stack(&self) -> &Stack {
        match self {
            Self::Deployment(stack) => stack,
            Self::Single(_) => panic!("no deployment"),
        }
    }

    /// Somebody signs in with a new client of this name.
    pub(crate) async fn sign_in(&self, name: &str) -> Held {
        self.sign_in_for(name, "fetch").await
    }

    /// The same for a service.
    pub(crate) async fn sign_in_for(&self, name: &str, service: &'static str) -> Held {
        match self {
            Self::Deployment(stack) => {
                // One with a secret is a client of its own, whatever its metadata.
                let kind = "client_secret_post";
                let mut client = McpClient::register_as(&stack.edge, service, kind).await;
                let Tokens { access, refresh } = stack.tokens(&mut client).await;
                Held {
                    client_id: client.client_id.clone(),
                    access,
                    refresh,
                    service,
                    client: Some(client),
                }
            }
            Self::Single(gateway) => {
                let client_id = gateway.public_client(name).await;
                let tokens = gateway.tokens(&client_id).await;
                Held {
                    client_id,
                    access: tokens.text("access_token"),
                    refresh: tokens.text("refresh_token"),
                    service,
                    client: None,
                }
            }
        }
    }

    /// What the edge says of a token: from memory, if it has been asked before.
    pub(crate) async fn status(&self, held: &Held) -> u16 {
        self.status_of(held.service, &held.access).await
    }

    pub(crate) async fn status_of(&self, service: &str, token: &str) -> u16 {
        match self {
            Self::Deployment(stack) => {
                let http = test_kit::process::plain_http();
                let request = stack.edge.verify(&http, service).bearer_auth(token);
                request.send().await.expect("an answer").status().as_u16()
            }
            Self::Single(gateway) => gateway.mcp(token).await,
        }
    }

    /// Until Redis has told the verifier, which takes it less than the operator takes to look.
    pub(crate) async fn is_refused(&self, held: &Held) {
        eventually("the edge refuses", async || self.status(held).await == 401).await;
    }

    /// What the token endpoint says to a refresh.
    pub(crate) async fn refresh(&self, held: &Held) -> u16 {
        match (self, &held.client) {
            (Self::Single(gateway), _) => {
                let answer = gateway.refresh(&held.client_id, &held.refresh).await;
                answer.status.as_u16()
            }
            (_, Some(client)) => client.refresh(&held.refresh).await.status.as_u16(),
            (Self::Deployment(_), None) => panic!("no client"),
        }
    }

    /// Runs a command of the operator's.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    /// The same with further settings.
    pub(crate) fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        match self {
            Self::Deployment(stack) => stack.operator(arguments, settings),
            Self::Single(gateway) => gateway.operator(arguments, settings),
        }
    }

    /// The same by a recipe.
    pub(crate) fn recipe(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        match self {
            Self::Deployment(stack) => stack.recipe(arguments, settings),
            Self::Single(gateway) => gateway.recipe(arguments, settings),
        }
    }

    /// One that succeeds: what it prints.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// One that fails with this exit code: what it complains of.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).expect("text")
    }

    /// The JSON objects that a command prints, one on each line.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [arguments, &["--json"]].concat();
        let lines = self.done(&arguments);
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// Counts by a dry run that changes nothing, does it, and holds the two against each other:
    /// what went.
    pub(crate) fn dry_and_done(&self, arguments: &[&str]) -> Value {
        let counted = self.json(&[arguments, &["--dry-run"]].concat()).remove(0);
        let again = self.json(&[arguments, &["--dry-run"]].concat()).remove(0);
        assert_eq!(counted, again, "a dry run changes nothing");
        let mut done = self.json(&[arguments, &["--yes"]].concat()).remove(0);
        assert_eq!(
            (&counted["dry_run"], &done["dry_run"]),
            (&true.into(), &false.into())
        );
        done["dry_run"] = true.into();
        assert_eq!(counted, done, "{arguments:?} does what it counted");
        done
    }
}

/// Three clients whose tokens the edge knows.
pub(crate) async fn three(world: &World) -> [Held; 3] {
    let held = [
        world.sign_in("one").await,
        world.sign_in("two").await,
        world.sign_in("three").await,
    ];
    for held in &held {
        assert_eq!(world.status(held).await, 200);
    }
    held
}
