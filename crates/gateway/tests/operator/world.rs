//! A file as the single process leaves it, and its operator.

use std::path::PathBuf;
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use token_core::client::Client;
use token_core::secret::{AuthorizationCode, RefreshToken, SecretHash};
use token_core::store::{
    ClientStore as _, CodeRecord, DeviceDecision, DeviceRecord, DeviceStore as _, Grant,
    GrantStore as _, IssueOutcome, IssuedTokens, RefreshRecord, TokenRecord,
};
use token_core::{Clock as _, GrantId, Jti, Seconds, SystemClock, SystemEntropy, Timestamp};
use token_store::SqliteStore;

const HOUR: Seconds = Seconds(3600);

/// A data directory.
pub(crate) struct World {
    directory: TempDir,
    pub(crate) store: SqliteStore,
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// What a person granted: never the same twice.
pub(crate) fn grant(client_id: &str, user_id: &str) -> Grant {
    let id = GrantId::generate(&SystemEntropy::new()).unwrap();
    serde_json::from_value(json!({
        "id": id,
        "client_id": client_id,
        "user_id": user_id,
        "username": "octocat",
        "resource": "http://localhost:8080/mcp",
        "scope": "mcp",
    }))
    .unwrap()
}

/// What is issued to a client under a grant.
pub(crate) fn tokens(grant: &Grant) -> IssuedTokens {
    let entropy = SystemEntropy::new();
    let refresh = RefreshToken::generate(&grant.id, &entropy).unwrap();
    IssuedTokens {
        token: TokenRecord {
            jti: Jti::generate(&grant.id, &entropy).unwrap(),
            client_id: grant.client_id.clone(),
            user_id: grant.user_id.clone(),
            username: grant.username.clone(),
            resource: grant.resource.clone(),
            scope: grant.scope.clone(),
            issued_at: now(),
            expires_at: now().plus(HOUR),
        },
        refresh: Some(RefreshRecord {
            key: refresh.key().unwrap(),
            grant: grant.clone(),
            expires_at: now().plus(HOUR),
        }),
        client_is_stored: false,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let store = SqliteStore::open(data.join("gateway.db")).unwrap();
        Self { directory, store }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A command on it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command
            .env_clear()
            .current_dir(&self.directory)
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("gateway starts")
    }

    /// One that succeeds: the JSON objects that it prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        lines(&output)
    }

    /// One that fails: what it prints as JSON, and what it complains of.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (Vec<Value>, String) {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        (lines(&output), String::from_utf8(output.stderr).unwrap())
    }

    /// As another program would change the file.
    pub(crate) fn sql(&self, sql: &str) {
        let file = Connection::open(self.data().join("gateway.db")).unwrap();
        file.execute_batch(sql).unwrap();
    }

    pub(crate) async fn client(&self, client_id: &str, name: &str) {
        let client: Client = serde_json::from_value(json!({
            "client_id": client_id,
            "client_name": name,
            "redirect_uris": ["http://127.0.0.1/callback"],
            "credential": {"method": "none"},
            "grant_types": ["authorization_code"],
            "application_type": "native",
            "scope": null,
            "issued_at": now(),
            "expires_at": null,
        }))
        .unwrap();
        self.store.put_client(&client, now()).await.unwrap();
    }

    pub(crate) async fn session(&self, client_id: &str, user_id: &str) -> Grant {
        let grant = grant(client_id, user_id);
        self.issue(&grant).await;
        grant
    }

    /// What a client gets for what it fetched.
    pub(crate) async fn issue(&self, grant: &Grant) -> IssueOutcome {
        let issued = self.store.issue_tokens(&tokens(grant), now()).await;
        issued.unwrap()
    }

    /// Somebody approved, and the client has used the code and has no tokens yet.
    pub(crate) async fn used_code(&self, user_id: &str) -> Grant {
        let grant = grant("some-client", user_id);
        let code = AuthorizationCode::generate(&grant.id, &SystemEntropy::new()).unwrap();
        let key = code.key().unwrap();
        let record: CodeRecord = serde_json::from_value(json!({
            "key": key,
            "grant": grant,
            "redirect_uri": "http://127.0.0.1/callback",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "expires_at": now().plus(HOUR),
        }))
        .unwrap();
        self.store.put_code(&record, now()).await.unwrap();
        self.store.consume_code(&key, now()).await.unwrap();
        grant
    }

    /// Somebody approved a device, which has polled since and has no tokens yet.
    pub(crate) async fn polled_device(&self, user_id: &str) -> Grant {
        let grant = grant("some-client", user_id);
        let device_code = SecretHash::of(&format!("device {user_id}"));
        let record = DeviceRecord {
            device_code,
            user_code: SecretHash::of(&format!("user {user_id}")),
            client_id: grant.client_id.clone(),
            resource: grant.resource.clone(),
            scope: grant.scope.clone(),
            interval: Seconds(5),
            expires_at: now().plus(HOUR),
        };
        assert!(self.store.put_device(&record, now()).await.unwrap());
        let approved = DeviceDecision::Approved(grant.clone());
        let decided = self
            .store
            .decide_device(&record.user_code, &approved, now());
        decided.await.unwrap();
        let polled = self
            .store
            .poll_device(&device_code, &grant.client_id, now());
        polled.await.unwrap();
        grant
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}
