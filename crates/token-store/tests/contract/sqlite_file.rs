//! What the SQLite store promises besides: about its file, and about rows that are over.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use token_core::Seconds;
use token_core::store::{
    ActiveTokens as _, ClientRegistry as _, ClientStore as _, DeviceStore as _, GrantStore as _,
    KeySetStore as _, PersonStore as _, PushedRequestStore as _, ReplayStore as _,
    SignInStore as _, StoreError,
};
use token_store::{OpenError, SqliteStore};

use crate::backend::{Backend as _, Sqlite};
use crate::records::{
    Family, GRACE, HOUR, MONTH, client, client_id, device, hash, key_set, now, pushed_request,
    sign_in,
};

fn rows(path: &Path, table: &str) -> i64 {
    let connection = Connection::open(path).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_file_and_its_side_files_are_private() {
    let backend = Sqlite::new();
    let path = backend.path();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = backend.open();
    let now = now();
    store
        .issue_tokens(&Family::new().pair(now), now)
        .await
        .unwrap();
    let mut seen = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
        seen.push(entry.file_name().into_string().unwrap());
    }
    seen.sort();
    assert_eq!(seen, ["gateway.db", "gateway.db-shm", "gateway.db-wal"]);
}

#[tokio::test]
async fn no_secret_is_in_the_file() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let family = Family::new();
    let (state, pending) = sign_in(now.plus(HOUR));
    let (code, code_record) = family.code_and_secret(now.plus(HOUR));
    let (refresh, refresh_record) = family.refresh_and_secret(now.plus(MONTH));
    store
        .put_sign_in(&state.hash(), &pending, now)
        .await
        .unwrap();
    store.put_code(&code_record, now).await.unwrap();
    let mut pair = family.pair(now);
    pair.refresh = Some(refresh_record.clone());
    store.issue_tokens(&pair, now).await.unwrap();
    let mut rotation = family.rotation(&refresh_record.key, now);
    let (successor, successor_record) = family.refresh_and_secret(now.plus(MONTH));
    rotation.successor = successor_record;
    store.rotate_refresh(&rotation, now).await.unwrap();

    let mut bytes = Vec::new();
    for entry in fs::read_dir(backend.path().parent().unwrap()).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    let contains = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(
        contains(&rotation.sealed_answer),
        "the right files are read"
    );
    for secret in [
        state.expose(),
        code.expose(),
        refresh.expose(),
        successor.expose(),
    ] {
        assert!(!contains(secret));
    }
}

#[tokio::test]
async fn rows_that_are_over_are_cleared_away_by_later_writes() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let old = Family::new();
    for _ in 0..40 {
        store
            .put_code(&old.code(now.plus(HOUR)), now)
            .await
            .unwrap();
        store.issue_tokens(&old.pair(now), now).await.unwrap();
    }
    let (state, pending) = sign_in(now.plus(HOUR));
    store
        .put_sign_in(&state.hash(), &pending, now)
        .await
        .unwrap();
    let kept = Family::new().pair(now);
    store.issue_tokens(&kept, now).await.unwrap();
    let rotation = old.rotation(&kept.refresh.unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let path = backend.path();
    assert_eq!(rows(&path, "grace"), 1);

    // The grace's end takes the sealed answer, though its refresh token lives on.
    let unrelated = Family::new().pair(now).token.jti;
    let after_grace = now.plus(GRACE);
    store.revoke_token(&unrelated, after_grace).await.unwrap();
    assert_eq!(rows(&path, "grace"), 0);
    assert_eq!(rows(&path, "code"), 40);

    // A step clears 32 rows at most, so two do.
    let later = now.plus(HOUR);
    store.revoke_token(&unrelated, later).await.unwrap();
    assert_eq!(rows(&path, "code"), 8);
    store.revoke_token(&unrelated, later).await.unwrap();
    for (table, left) in [
        ("code", 0),
        ("token", 0),
        ("sign_in", 0),
        ("refresh_token", 42),
    ] {
        assert_eq!(rows(&path, table), left, "{table}");
    }
}

#[tokio::test]
async fn requests_that_nobody_comes_back_for_are_cleared_away_by_the_next_one() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let path = backend.path();
    for at in [now, now.plus(HOUR)] {
        let over = at.plus(HOUR);
        let (state, pending) = sign_in(over);
        let state = state.hash();
        store.put_client(&client(Some(over)), at).await.unwrap();
        assert_eq!(rows(&path, "client"), 1);
        store.put_sign_in(&state, &pending, at).await.unwrap();
        assert_eq!(rows(&path, "sign_in"), 1);
        let code = Family::new().code(over);
        store.put_code(&code, at).await.unwrap();
        assert_eq!(rows(&path, "code"), 1);
        store.put_device(&device(over), at).await.unwrap();
        assert_eq!(rows(&path, "device"), 1);
        let request = pushed_request(over);
        let put = store.put_pushed_request(&hash(), &request, at).await;
        put.unwrap();
        assert_eq!(rows(&path, "pushed_request"), 1);
        store.first_use(&hash(), over, at).await.unwrap();
        assert_eq!(rows(&path, "used_thing"), 1);
        let set = key_set(&client_id(), over);
        store.put_key_set(&set, at).await.unwrap();
        assert_eq!(rows(&path, "client_keys"), 1);
    }
}

#[tokio::test]
async fn a_file_of_the_first_schema_is_brought_to_ours_with_its_rows() {
    let backend = Sqlite::new();
    let (now, family) = (now(), Family::new());
    let (client, pair) = (client(None), family.pair(now));
    let old = Connection::open(backend.path()).unwrap();
    old.execute_batch(include_str!("../../src/sqlite/schema/1.sql"))
        .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let record = serde_json::to_string(&client).unwrap();
    let sql = "INSERT INTO client (client_id, record) VALUES (?1, ?2)";
    old.execute(sql, [client.client_id.as_str(), &record])
        .unwrap();
    let sql = "INSERT INTO token (jti, grant_id, record, expires_at) VALUES (?1, ?2, ?3, ?4)";
    let record = serde_json::to_string(&pair.token).unwrap();
    let expiry = pair.token.expires_at.0.to_string();
    old.execute(
        sql,
        [
            pair.token.jti.as_str(),
            family.grant.id.as_str(),
            &record,
            &expiry,
        ],
    )
    .unwrap();
    drop(old);

    // The second time, nothing is left to do.
    for _ in 0..2 {
        let store = SqliteStore::open(backend.path()).unwrap();
        let found = store.client(&client.client_id, now).await.unwrap();
        assert_eq!(found.as_ref(), Some(&client));
        let grants = store.client_grants(&family.grant.client_id, now).await;
        assert_eq!(grants.unwrap(), std::slice::from_ref(&family.grant.id));
        let grants = store.user_grants(&family.grant.user_id, now).await;
        assert_eq!(grants.unwrap(), std::slice::from_ref(&family.grant.id));
    }
}

#[tokio::test]
async fn the_count_of_clients_is_that_of_their_rows_whatever_becomes_of_them() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let counted = || {
        let connection = Connection::open(backend.path()).unwrap();
        let sql = "SELECT clients FROM client_count";
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let [put, registered] = [client(None), client(Some(now.plus(HOUR)))];
    for _ in 0..2 {
        store.put_client(&put, now).await.unwrap();
        store.register_client(&registered, 9, 1, now).await.unwrap();
        assert_eq!(counted(), 2);
    }
    store.replace_client(&put, now).await.unwrap();
    store
        .prolong_client(&put.client_id, None, now)
        .await
        .unwrap();
    assert_eq!(counted(), 2);
    // The one that is over goes, by the way or for want of room.
    let late = now.plus(HOUR);
    let newcomer = client(None);
    store.register_client(&newcomer, 2, 1, late).await.unwrap();
    assert_eq!(counted(), 2);
    store.delete_client(&put.client_id, late).await.unwrap();
    assert_eq!(counted(), 1);
    assert_eq!(rows(&backend.path(), "client"), 1);
}

#[tokio::test]
async fn a_grants_end_deletes_its_rows() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let rotation = family.rotation(&pair.refresh.unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    for table in ["token", "refresh_token", "grace"] {
        assert_eq!(rows(&backend.path(), table), 0, "{table}");
    }
}

#[tokio::test]
async fn a_damaged_record_is_an_error_and_no_panic() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let family = Family::new();
    let (state, pending) = sign_in(now.plus(HOUR));
    let code = family.code(now.plus(HOUR));
    let pair = family.pair(now);
    store
        .put_sign_in(&state.hash(), &pending, now)
        .await
        .unwrap();
    store.put_code(&code, now).await.unwrap();
    store.issue_tokens(&pair, now).await.unwrap();
    Connection::open(backend.path())
        .unwrap()
        .execute_batch(
            "UPDATE sign_in SET record = '{'; UPDATE code SET record = '';
             UPDATE refresh_token SET record = '{\"key\":1}';",
        )
        .unwrap();
    let key = &pair.refresh.unwrap().key;
    let errors = [
        store.sign_in(&state.hash(), now).await.err(),
        store.take_sign_in(&state.hash(), now).await.err(),
        store.consume_code(&code.key, now).await.err(),
        store.refresh_token(key, now).await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(StoreError::Corrupt(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_locked_file_is_waited_for() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let pair = Family::new().pair(now);
    let other = Connection::open(backend.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = {
        let (store, pair) = (store.clone(), pair.clone());
        tokio::spawn(async move { store.issue_tokens(&pair, now).await })
    };
    // Reads go on under another process's write.
    assert!(!store.is_active(&pair.token.jti, now).await.unwrap());
    assert!(!writing.is_finished());
    other.execute_batch("COMMIT").unwrap();
    writing.await.unwrap().unwrap();
    assert!(store.is_active(&pair.token.jti, now).await.unwrap());
}

#[tokio::test]
async fn a_time_beyond_the_range_of_sqlite_is_the_end_of_time() {
    let backend = Sqlite::new();
    let (store, now) = (SqliteStore::open(backend.path()).unwrap(), now());
    let family = Family::new();
    let mut pair = family.pair(now);
    pair.token = family.token(now.plus(Seconds(u64::MAX)));
    store.issue_tokens(&pair, now).await.unwrap();
    assert!(store.is_active(&pair.token.jti, now).await.unwrap());
}

#[test]
fn a_file_that_cannot_be_a_store_is_refused_in_one_line() {
    let backend = Sqlite::new();
    let path = backend.path();
    let directory = path.parent().unwrap();

    let missing = SqliteStore::open(directory.join("missing/gateway.db")).unwrap_err();
    assert!(matches!(missing, OpenError::File { .. }));

    fs::write(
        &path,
        "not a database, and longer than a header of SQLite".repeat(9),
    )
    .unwrap();
    let foreign = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(foreign, OpenError::Database { .. }));

    fs::remove_file(&path).unwrap();
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 8).unwrap();
    let newer = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(newer, OpenError::NewerSchema { found: 8, .. }));

    for error in [missing, foreign, newer] {
        let line = error.to_string();
        assert!(
            line.contains("gateway.db") && !line.contains('\n'),
            "{line}"
        );
    }
}
