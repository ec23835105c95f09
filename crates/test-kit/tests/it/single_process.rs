//! `gateway serve` as its operator meets it: a restart keeps everything, and what is wrong is one
//! line with the setting and the mend.

use std::process::{Command, Stdio};

use tempfile::TempDir;
use test_kit::gateway::Gateway;
use test_kit::process::{free_address, program};

#[actix_web::test]
async fn clients_tokens_and_keys_survive_a_restart() {
    let data = TempDir::new().expect("a directory");
    let port = free_address().port();
    let mut first = Gateway::start_in(data.path(), port, &[]).await;
    let client_id = first.public_client("Test client").await;
    let tokens = first.tokens(&client_id).await;
    let access_token = tokens.text("access_token");
    assert_eq!(first.mcp(&access_token).await, 200);
    first.kill();

    let second = Gateway::start_in(data.path(), port, &[]).await;
    let kept = second.mcp(&access_token).await;
    assert_eq!(kept, 200, "the key and the token");
    let refresh_token = tokens.text("refresh_token");
    let refreshed = second.refresh(&client_id, &refresh_token).await;
    let refreshed = refreshed.text("access_token");
    assert_eq!(second.mcp(&refreshed).await, 200, "the client");
    let form = [("client_id", client_id.as_str()), ("token", &access_token)];
    assert_eq!(second.post("/revoke", &form).await.status, 200);
    let revoked = second.mcp(&access_token).await;
    assert_eq!(revoked, 401, "revoked before the answer");
}

#[actix_web::test]
async fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = TempDir::new().expect("a directory");
    let _running = Gateway::start_in(data.path(), free_address().port(), &[]).await;
    let mut directories = vec![data.path().join("data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let mode = std::fs::metadata(&path)
                .expect("its mode")
                .permissions()
                .mode()
                & 0o777;
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{}", path.display());
            if path.is_dir() {
                directories.push(path);
            }
        }
    }
}

/// What it prints on standard error when it refuses to start.
fn refusal(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "no start page");
    String::from_utf8(output.stderr).expect("text")
}

#[actix_web::test]
async fn a_refusal_to_start_is_one_line_with_the_setting_and_the_mend() {
    let data = TempDir::new().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    std::fs::write(data.path().join("file"), "").expect("a file");
    let free = free_address().port();
    let mut unwritable = program("gateway");
    unwritable
        .current_dir(data.path())
        .args(["--data-dir", "file/data", "--port"]);
    unwritable.arg(free.to_string());
    let with = |name: &str, value: &str| {
        let mut command = Gateway::command(data.path(), free);
        command.env(name, value);
        command
    };
    for (mut command, words) in [
        (
            Gateway::command(data.path(), port),
            ["GATEWAY_PORT", "free port"],
        ),
        (unwritable, ["GATEWAY_DATA_DIR", "may write"]),
        (with("CODE_LIFETIME", "3600"), ["CODE_LIFETIME", "600"]),
        (with("GATEWAY_PROT", "1"), ["GATEWAY_PROT", "GATEWAY_PORT"]),
        (
            with("GATEWAY_LISTEN_IP", "0.0.0.0"),
            ["GATEWAY_LISTEN_IP", "set up GitHub"],
        ),
        (
            with("GITHUB_CLIENT_ID", "x"),
            ["GITHUB_CLIENT_SECRET", "OAuth app"],
        ),
        (
            with("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317"),
            ["OTEL_EXPORTER_OTLP_ENDPOINT", "such as http://"],
        ),
    ] {
        let said = refusal(&mut command);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            words.iter().all(|word| said.contains(word)),
            "{words:?}: {said}"
        );
        assert!(
            !said.contains("panicked") && !said.contains("backtrace"),
            "{said}"
        );
    }
}
