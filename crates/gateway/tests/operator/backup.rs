//! Backups: written, looked at, put back, refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use token_core::store::{ActiveTokens as _, GrantStore as _, IssueOutcome};

use super::world::{World, now, tokens};

/// Backups of worlds, and the key to them.
struct Vault {
    directory: tempfile::TempDir,
    public: String,
}

impl Vault {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .env_clear()
            .args(["backup", "keygen"])
            .arg(directory.path().join("key"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let public = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Self { directory, public }
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key")
    }

    fn secret(&self) -> String {
        let file = fs::read_to_string(self.key()).unwrap();
        file.lines().last().unwrap().to_owned()
    }

    fn backups(&self) -> PathBuf {
        self.directory.path().join("backups")
    }

    fn newest(&self) -> PathBuf {
        let files = fs::read_dir(self.backups()).unwrap();
        files.map(|file| file.unwrap().path()).max().unwrap()
    }

    fn run(&self, world: &World, arguments: &[&str]) -> Output {
        let arguments = [&["backup"], arguments].concat();
        let output = world
            .command(&arguments)
            .env("BACKUP_DIR", self.backups())
            .env("BACKUP_RECIPIENTS", &self.public)
            .stdin(fs::File::open(self.key()).unwrap())
            .output()
            .unwrap();
        let secret = self.secret();
        for text in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(text).contains(&secret));
        }
        output
    }

    /// One that succeeds: the JSON objects that it prints.
    fn json(&self, world: &World, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(world, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn restore(&self, world: &World, more: &[&str]) -> Value {
        let restore = [&["restore", "--identity", "-"], more].concat();
        self.json(world, &restore).remove(0)
    }

    /// What it complains of.
    fn fails(&self, world: &World, arguments: &[&str]) -> String {
        let output = self.run(world, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[actix_web::test]
async fn what_was_kept_is_there_again_after_a_loss() {
    let (world, vault) = (World::new(), Vault::new());
    world.client("a-client", "its name").await;
    let grant = world.session("a-client", "github|1").await;
    let listed = || world.json(&["show-all"]);
    let before = listed();
    let made = vault.json(&world, &["create"]).remove(0);
    assert_eq!(made["action"], "create_backup");
    assert_eq!(
        (&made["clients"], &made["access_tokens"]),
        (&1.into(), &1.into())
    );
    assert_eq!(made["bytes"], fs::metadata(vault.newest()).unwrap().len());
    assert_eq!(
        [
            mode(vault.newest()),
            mode(vault.key()),
            mode(vault.backups())
        ],
        [0o600, 0o600, 0o700]
    );

    let there = vault.restore(&world, &["--dry-run"]);
    assert_eq!(there["present"]["access_tokens"], 1);
    assert_eq!(there["restored"]["access_tokens"], 0);

    let other = World::new();
    let counted = vault.restore(&other, &["--dry-run"]);
    assert!(
        other.json(&["show-all"]).is_empty(),
        "a dry run changes nothing"
    );
    let done = vault.restore(&other, &["--yes"]);
    for part in ["cleared", "restored", "present", "ended", "expired"] {
        assert_eq!(counted[part], done[part], "{part}");
    }
    assert_eq!(other.json(&["show-all"]), before);
    let again = vault.restore(&other, &["--yes"]);
    assert_eq!(again["present"], done["restored"]);
    assert_eq!(other.json(&["show-all"]), before);
    assert_eq!(listed(), before);
    assert_eq!(other.issue(&grant).await, IssueOutcome::Issued);
}

#[actix_web::test]
async fn what_ended_since_stays_ended_and_is_counted_so() {
    for clear in [&[][..], &["--clear"]] {
        let (world, vault) = (World::new(), Vault::new());
        let ended = world.session("one", "github|1").await;
        let kept = world.session("two", "github|2").await;
        vault.json(&world, &["create"]);
        world.json(&["sessions", "revoke", ended.id.as_str(), "--yes"]);
        let later = tokens(&kept);
        world.store.issue_tokens(&later, now()).await.unwrap();

        let counted = vault.restore(&world, &[clear, &["--dry-run"]].concat());
        assert!(
            world
                .store
                .is_active(&later.token.jti, now())
                .await
                .unwrap()
        );
        let done = vault.restore(&world, &[clear, &["--yes"]].concat());
        for part in ["cleared", "restored", "present", "ended", "expired"] {
            assert_eq!(counted[part], done[part], "{part}");
        }
        assert_eq!(
            (
                &done["ended"]["access_tokens"],
                &done["ended"]["refresh_tokens"]
            ),
            (&1.into(), &1.into())
        );
        let cleared = u64::from(!clear.is_empty());
        assert_eq!(done["cleared"]["access_tokens"], 2 * cleared);
        assert_eq!(done["restored"]["access_tokens"], cleared);
        assert_eq!(world.issue(&ended).await, IssueOutcome::GrantEnded);
        // What came after the backup goes where it is to be as it was.
        let active = world
            .store
            .is_active(&later.token.jti, now())
            .await
            .unwrap();
        assert_eq!(active, clear.is_empty());
        assert_eq!(world.json(&["sessions", "list"]).len(), 1);
    }
}

/// What ended while it was taken is in it twice, as a token and as a mark.
#[actix_web::test]
async fn the_stock_tool_reads_it_and_a_mark_in_it_wins() {
    let (world, vault) = (World::new(), Vault::new());
    let grant = world.session("one", "github|1").await;
    vault.json(&world, &["create"]);
    let output = Command::new("age")
        .args(["--decrypt", "--identity"])
        .args([vault.key(), vault.newest()])
        .output()
        .expect("age is installed");
    assert!(output.status.success(), "{output:?}");
    let plain = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<_> = plain.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4, "a head, two tokens, an end");
    let mark = format!(
        r#"{{"record":"ended_grant","grant":"{}","expires_at":{}}}"#,
        grant.id,
        now().0 + 9999
    );
    lines.insert(3, mark);
    lines[4] = lines[4].replace(r#""marks":0"#, r#""marks":1"#);
    let changed = vault.directory.path().join("changed.age");
    let mut age = Command::new("age")
        .args(["--encrypt", "--recipient", &vault.public, "--output"])
        .arg(&changed)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = lines.join("\n") + "\n";
    std::io::Write::write_all(&mut age.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(age.wait().unwrap().success());

    for world in [&world, &World::new()] {
        let file = changed.to_str().unwrap();
        let counted = vault.restore(world, &[file, "--dry-run"]);
        let done = vault.restore(world, &[file, "--yes"]);
        for part in ["cleared", "restored", "present", "ended", "expired"] {
            assert_eq!(counted[part], done[part], "{part}");
        }
        assert_eq!(done["ended"]["access_tokens"], 1);
        assert_eq!(done["restored"]["marks"], 1);
        assert!(world.json(&["sessions", "list"]).is_empty());
    }
}

#[actix_web::test]
async fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let (world, vault) = (World::new(), Vault::new());
    let restore = ["restore", "--identity", "-", "--yes"];
    let complaint = vault.fails(&world, &restore);
    assert!(complaint.contains("there is no backup"), "{complaint}");
    world.session("one", "github|1").await;
    vault.json(&world, &["create"]);
    let file = vault.newest();
    let whole = fs::read(&file).unwrap();

    let empty = World::new();
    for (content, word) in [
        (&whole[..whole.len() - 1], "cut short"),
        (&whole[..100], "cut short"),
        (b"{}\n", "no age file"),
    ] {
        fs::write(&file, content).unwrap();
        let complaint = vault.fails(&empty, &restore);
        assert!(complaint.contains(word), "{complaint}");
    }
    fs::write(&file, &whole).unwrap();
    let other = Vault::new();
    let key = other.key();
    let complaint = vault.fails(
        &empty,
        &["restore", "--yes", "--identity", key.to_str().unwrap()],
    );
    assert!(complaint.contains("another key"), "{complaint}");
    let complaint = vault.fails(&empty, &["restore", "--yes", "--identity", "/nowhere"]);
    assert!(complaint.contains("--identity: /nowhere"), "{complaint}");
    assert!(empty.json(&["show-all"]).is_empty());
    let output = vault.run(&world, &["restore", "--identity", "-"]);
    assert_eq!(output.status.code(), Some(2), "nobody can be asked");

    let output = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["backup", "keygen"])
        .arg(vault.key())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(mode(vault.key()) == 0o600 && vault.secret().starts_with("AGE-SECRET-KEY-1"));
}

#[actix_web::test]
async fn nothing_is_written_unencrypted_nor_to_a_secret_key() {
    let (world, vault) = (World::new(), Vault::new());
    world.session("one", "github|1").await;
    for (recipients, word) in [
        (String::new(), "BACKUP_RECIPIENTS is not set"),
        (vault.secret(), "holds a secret key"),
        ("age1nonsense".to_owned(), "no list of age public keys"),
    ] {
        let output = world
            .command(&["backup", "create"])
            .env("BACKUP_DIR", vault.backups())
            .env("BACKUP_RECIPIENTS", recipients)
            .output()
            .unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(word), "{complaint}");
        assert!(!complaint.contains(&vault.secret()));
    }
    assert!(!vault.backups().exists());
}

#[actix_web::test]
async fn backups_are_listed_without_a_key_and_viewed_with_it() {
    let (world, vault) = (World::new(), Vault::new());
    assert!(vault.json(&world, &["list"]).is_empty());
    world.client("a-client", "its name").await;
    world.session("a-client", "github|1").await;
    let made = vault.json(&world, &["create"]).remove(0);
    let listed = vault.json(&world, &["list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["bytes"], made["bytes"]);
    let name = listed[0]["file"].as_str().unwrap();
    for which in [&[][..], &[name]] {
        let viewed = vault
            .json(&world, &[&["view", "--identity", "-"], which].concat())
            .remove(0);
        assert_eq!(
            (&viewed["store"], &viewed["issuer"]),
            (&"sqlite".into(), &"http://localhost:8080".into())
        );
        for kind in ["clients", "access_tokens", "refresh_tokens"] {
            assert_eq!((&viewed[kind], &made[kind]), (&1.into(), &1.into()));
        }
    }
    let output = vault.run(&world, &["view", "--identity", "-"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("operator_acted") && said.contains("view_backup"),
        "{said}"
    );
}

#[actix_web::test]
async fn what_cannot_be_read_is_left_out_and_said() {
    let (world, vault) = (World::new(), Vault::new());
    world.session("one", "github|1").await;
    world.client("good", "one").await;
    world.sql("UPDATE token SET record = '{}'");
    let output = vault.run(&world, &["create", "--json"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("1 record of the store"), "{said}");
    let viewed = vault.json(&world, &["view", "--identity", "-"]).remove(0);
    assert_eq!(
        (
            &viewed["unreadable"],
            &viewed["access_tokens"],
            &viewed["clients"]
        ),
        (&1.into(), &0.into(), &1.into())
    );
}
