//! What the Redis store promises besides about its keys: where they are, how long they stay, and
//! that no secret is among them.

use token_core::Timestamp;
use token_core::client::Client;
use token_core::store::{
    ActiveTokens as _, ClientRegistry as _, ClientStore as _, DeviceDecision, DeviceStore as _,
    GrantStore as _, KeySetStore as _, PushedRequestStore as _, RegisterOutcome, ReplayStore as _,
    RotateOutcome, SignInStore as _, StoreError,
};
use token_store::RedisStore;

use crate::records::{
    Family, GRACE, HOUR, MONTH, client, client_id, device, hash, key_set, now, pushed_request,
    sign_in,
};
use crate::redis_server::RedisServer;

/// Writes one of everything, and gives the secrets that belong to it.
async fn write_everything(store: &RedisStore, family: &Family, now: Timestamp) -> Vec<String> {
    let (state, pending) = sign_in(now.plus(HOUR));
    let (code, code_record) = family.code_and_secret(now.plus(HOUR));
    let (refresh, refresh_record) = family.refresh_and_secret(now.plus(MONTH));
    let (successor, successor_record) = family.refresh_and_secret(now.plus(MONTH));
    store.put_client(&client(None), now).await.unwrap();
    store
        .put_client(&client(Some(now.plus(HOUR))), now)
        .await
        .unwrap();
    store
        .put_sign_in(&state.hash(), &pending, now)
        .await
        .unwrap();
    store.put_code(&code_record, now).await.unwrap();
    store
        .put_code(&family.code(now.plus(HOUR)), now)
        .await
        .unwrap();
    store.consume_code(&code_record.key, now).await.unwrap();
    let mut pair = family.pair(now);
    pair.refresh = Some(refresh_record.clone());
    store.issue_tokens(&pair, now).await.unwrap();
    let mut rotation = family.rotation(&refresh_record.key, now);
    rotation.successor = successor_record;
    store.rotate_refresh(&rotation, now).await.unwrap();
    store.revoke_token(&pair.token.jti, now).await.unwrap();
    let device = device(now.plus(HOUR));
    store.put_device(&device, now).await.unwrap();
    let decision = DeviceDecision::Approved(family.grant.clone());
    let decided = store.decide_device(&device.user_code, &decision, now);
    decided.await.unwrap();
    let request = pushed_request(now.plus(HOUR));
    let put = store.put_pushed_request(&hash(), &request, now).await;
    put.unwrap();
    let until = now.plus(HOUR);
    store.first_use(&hash(), until, now).await.unwrap();
    let set = key_set(&client_id(), now.plus(HOUR));
    store.put_key_set(&set, now).await.unwrap();
    [
        state.expose(),
        code.expose(),
        refresh.expose(),
        successor.expose(),
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn they_are_the_ones_of_the_contract_and_each_is_dropped_some_day() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    write_everything(&store, &family, now).await;
    let ended = Family::new();
    let until = now.plus(MONTH);
    store.end_grant(&ended.grant.id, now, until).await.unwrap();

    let tag = format!("{{{}}}", family.grant.id);
    let shape = |key: &str| {
        let key = key.strip_prefix("oauth:").unwrap();
        let (kind, rest) = key.split_once(':').unwrap_or((key, ""));
        match rest.strip_prefix(&tag) {
            Some("") => format!("{kind}:GRANT"),
            Some(rest) => format!("{kind}:GRANT.{}", rest.len()),
            None => kind.to_owned(),
        }
    };
    let mut shapes: Vec<String> = server.keys().iter().map(|key| shape(key)).collect();
    shapes.sort();
    assert_eq!(
        shapes,
        [
            "client",
            "client",
            "client_grants",
            "client_keys",
            "client_tokens",
            "clients",
            "clients_with_keys",
            "code:GRANT.44",
            "code:GRANT.44",
            "device",
            "grace:GRANT.44",
            "grant:GRANT",
            "par",
            "refresh:GRANT.44",
            "refresh:GRANT.44",
            "revoked",
            "revoked:GRANT.23",
            "state",
            "token:GRANT.23",
            "unused_clients",
            "used",
            "user_code",
            "user_grants",
            "user_tokens",
        ]
    );

    let mut eternal = Vec::new();
    for key in server.keys() {
        let seconds: i64 = server.run(&["TTL", &key]);
        if seconds == -1 {
            eternal.push(shape(&key));
        } else if key.starts_with("oauth:grace:") {
            assert!(seconds <= GRACE.0.cast_signed(), "{key} stays {seconds} s");
        } else {
            // The minute that Redis keeps a key longer than its record.
            let longest = (MONTH.0 + 60).cast_signed();
            assert!(seconds > 0 && seconds <= longest, "{key} stays {seconds} s");
        }
    }
    eternal.sort();
    // The client without expiry, and the sets that name it.
    assert_eq!(eternal, ["client", "clients", "unused_clients"]);
}

#[tokio::test]
async fn no_secret_is_in_a_key_or_a_value() {
    let server = RedisServer::start();
    let secrets = write_everything(&server.store(), &Family::new(), now()).await;
    let mut everything = server.keys();
    for key in server.keys() {
        let kind: String = server.run(&["TYPE", &key]);
        match kind.as_str() {
            "string" => everything.push(server.run(&["GET", &key])),
            "hash" => everything.extend(server.run::<Vec<String>>(&["HVALS", &key])),
            "zset" => {
                everything.extend(server.run::<Vec<String>>(&["ZRANGE", &key, "0", "-1"]));
            }
            other => panic!("a key of type {other}"),
        }
    }
    assert!(everything.iter().any(|text| text.contains("octocat")));
    for secret in &secrets {
        assert!(!everything.iter().any(|text| text.contains(secret)));
    }
}

#[tokio::test]
async fn a_grants_end_leaves_only_marks_of_it() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    store.revoke_token(&pair.token.jti, now).await.unwrap();
    let rotation = family.rotation(&pair.refresh.unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    let tag = format!("{{{}}}", family.grant.id);
    let mut left = server.keys();
    left.retain(|key| key.contains(&tag));
    left.sort();
    let rest = pair.token.jti.rest();
    assert_eq!(
        left,
        [
            format!("oauth:revoked:{tag}"),
            format!("oauth:revoked:{tag}.{rest}")
        ]
    );
}

#[tokio::test]
async fn an_ended_grant_is_not_rotated_even_where_its_sorted_set_was_lost() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let () = server.run(&["DEL", &format!("oauth:grant:{{{}}}", family.grant.id)]);
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    let rotation = family.rotation(&pair.refresh.unwrap().key, now);
    let outcome = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown);
}

#[tokio::test]
async fn the_sets_of_clients_follow_what_redis_drops() {
    let server = RedisServer::start();
    let (store, now) = (server.store(), now());
    let register = async |client: &Client, at| {
        let outcome = store.register_client(client, 2, 1, at).await;
        outcome.unwrap()
    };
    let sets = || {
        ["oauth:clients", "oauth:unused_clients"]
            .map(|key| server.run::<Vec<String>>(&["ZRANGE", key, "0", "-1"]))
    };
    let key = |client: &Client| format!("oauth:client:{}", client.client_id);
    let [used, unused] = [(), ()].map(|()| client(Some(now.plus(HOUR))));
    for client in [&used, &unused] {
        assert_eq!(register(client, now).await, RegisterOutcome::Created);
    }
    let prolonged = store.prolong_client(&used.client_id, used.expires_at, now);
    assert!(prolonged.await.unwrap());
    for key in ["oauth:clients", "oauth:unused_clients", &key(&used)] {
        let seconds: i64 = server.run(&["TTL", key]);
        assert!(seconds > HOUR.0.cast_signed(), "{key} stays {seconds} s");
    }
    for client in [&used, &unused] {
        let () = server.run(&["DEL", &key(client)]);
    }

    // Both are over, and count no more.
    let later = now.plus(HOUR);
    let [third, fourth, fifth] = [(), (), ()].map(|()| client(Some(later.plus(HOUR))));
    for client in [&third, &fourth] {
        assert_eq!(register(client, later).await, RegisterOutcome::Created);
    }
    let mut both = [key(&third), key(&fourth)];
    both.sort();
    assert_eq!(sets().map(|set| set.len()), [2, 2]);
    for set in sets() {
        assert!(both.iter().all(|key| set.contains(key)), "{set:?}");
    }

    // One that is lost before its time is the first to make room when it was never used.
    for client in [&third, &fourth] {
        let () = server.run(&["DEL", &key(client)]);
    }
    assert_eq!(register(&fifth, later).await, RegisterOutcome::Created);
    let deleted = store.delete_client(&fifth.client_id, later).await;
    assert!(deleted.unwrap());
    assert!(sets().iter().all(|set| !set.contains(&key(&fifth))));
}

#[tokio::test]
async fn a_damaged_value_is_an_error_and_no_panic() {
    let server = RedisServer::start();
    let (store, verifier, now) = (server.store(), server.active_tokens(), now());
    let family = Family::new();
    let client = client(None);
    let (state, pending) = sign_in(now.plus(HOUR));
    let state = state.hash();
    let code = family.code(now.plus(HOUR));
    let pair = family.pair(now);
    let jti = &pair.token.jti;
    let refresh = pair.refresh.as_ref().unwrap();
    let rotation = family.rotation(&refresh.key, now);
    let as_written = format!("{} live ", now.plus(HOUR).0);
    let half_a_record = format!("{as_written}{{\"key\":");
    for damage in ["", "{", "-1 live {}", "soon live {}", &half_a_record] {
        store.put_client(&client, now).await.unwrap();
        store.put_sign_in(&state, &pending, now).await.unwrap();
        store.put_code(&code, now).await.unwrap();
        store.issue_tokens(&pair, now).await.unwrap();
        let uri = hash();
        let request = pushed_request(now.plus(HOUR));
        let put = store.put_pushed_request(&uri, &request, now).await;
        put.unwrap();
        let device = device(now.plus(HOUR));
        store.put_device(&device, now).await.unwrap();
        for key in server.keys() {
            let kind: String = server.run(&["TYPE", &key]);
            if kind != "zset" {
                let () = server.run(&["SET", &key, damage]);
            }
        }
        let mut errors = vec![
            store.client(&client.client_id, now).await.err(),
            store.sign_in(&state, now).await.err(),
            store.pushed_request(&uri, now).await.err(),
            store
                .prolong_client(&client.client_id, None, now)
                .await
                .err(),
            store.consume_code(&code.key, now).await.err(),
            store.refresh_token(&refresh.key, now).await.err(),
        ];
        // These do not look into the record.
        if damage != half_a_record {
            errors.push(store.rotate_refresh(&rotation, now).await.err());
            errors.push(store.revoke_token(jti, now).await.err());
            errors.push(store.device(&device.user_code, now).await.err());
            errors.push(store.is_active(jti, now).await.err());
            errors.push(verifier.is_active(jti, now).await.err());
        }
        errors.push(store.take_sign_in(&state, now).await.err());
        for (index, error) in errors.into_iter().enumerate() {
            assert!(
                matches!(error, Some(StoreError::Corrupt(_))),
                "{damage:?}, {index}: {error:?}"
            );
        }
        let () = server.run(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_key_of_another_type_is_damage_too() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    let code = family.code(now.plus(HOUR));
    store.put_code(&code, now).await.unwrap();
    let mut keys = server.keys();
    keys.retain(|key| key.starts_with("oauth:code:"));
    let key = keys.remove(0);
    let () = server.run(&["DEL", &key]);
    let () = server.run(&["LPUSH", &key, "x"]);
    let error = store.consume_code(&code.key, now).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn scripts_that_redis_forgot_are_sent_again() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    store.issue_tokens(&family.pair(now), now).await.unwrap();
    let () = server.run(&["SCRIPT", "FLUSH"]);
    store.issue_tokens(&family.pair(now), now).await.unwrap();
}

#[tokio::test]
async fn a_time_beyond_the_range_of_redis_is_the_end_of_time() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    let mut pair = family.pair(now);
    pair.token = family.token(Timestamp(u64::MAX));
    store.issue_tokens(&pair, now).await.unwrap();
    assert!(store.revoke_token(&pair.token.jti, now).await.unwrap());
}
