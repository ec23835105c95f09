//! What the Redis store promises of its sorted sets: they are trimmed, and never much at once.

use token_core::Seconds;
use token_core::store::{GrantStore as _, Inspection as _};

use crate::records::{Family, HOUR, just_before, now};
use crate::redis_server::RedisServer;

#[tokio::test]
async fn sorted_sets_are_trimmed_as_they_are_used() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    let mut first = family.pair(now);
    first.refresh = None;
    store.issue_tokens(&first, now).await.unwrap();
    let members = format!("oauth:grant:{{{}}}", family.grant.id);
    let user = format!("oauth:user_tokens:{}", family.grant.user_id);
    let client = format!("oauth:client_tokens:{}", family.grant.client_id);
    for key in [&user, &client] {
        let noted: Vec<String> = server.run(&["ZRANGE", key, "0", "-1"]);
        assert_eq!(noted, [first.token.jti.as_str()]);
    }

    let later = now.plus(Seconds(3 * HOUR.0));
    let mut second = family.pair(later);
    second.refresh = None;
    store.issue_tokens(&second, later).await.unwrap();
    for key in [&members, &user, &client] {
        let left: Vec<String> = server.run(&["ZRANGE", key, "0", "-1"]);
        assert_eq!(left.len(), 1, "{key}");
        assert!(left[0].ends_with(second.token.jti.rest()), "{key}");
        let seconds: i64 = server.run(&["TTL", key]);
        let lives = (4 * HOUR.0).cast_signed();
        assert!(seconds > lives, "{key} is dropped before its members");
    }

    let mut third = family.pair(later);
    third.refresh = None;
    third.token = family.token(later.plus(Seconds(2 * HOUR.0)));
    store.issue_tokens(&third, later).await.unwrap();
    for key in [&members, &user, &client] {
        let left: u64 = server.run(&["ZCARD", key]);
        assert_eq!(left, 2, "{key}");
        let seconds: i64 = server.run(&["TTL", key]);
        let lives = (5 * HOUR.0).cast_signed();
        assert!(seconds > lives, "{key} is dropped before its last member");
    }
}

#[tokio::test]
async fn an_index_is_trimmed_a_part_at_a_time_and_purged_to_its_end() {
    let server = RedisServer::start();
    let (store, now, family) = (server.store(), now(), Family::new());
    store.issue_tokens(&family.pair(now), now).await.unwrap();
    let index = format!("oauth:user_tokens:{}", family.grant.user_id);
    let over = just_before(now).0.to_string();
    let members: Vec<_> = (0..2500).map(|nth| format!("token {nth}")).collect();
    let pairs = members.iter().flat_map(|member| [over.as_str(), member]);
    let add: Vec<_> = ["ZADD", &index].into_iter().chain(pairs).collect();
    let () = server.run(&add);
    store.issue_tokens(&family.pair(now), now).await.unwrap();
    let count = || server.run::<u64>(&["ZCARD", &index]);
    assert_eq!(count(), 2402, "no step takes long");

    let (mut cleared, mut from) = (0, None);
    loop {
        let batch = store.expired(from.as_ref(), true, now).await.unwrap();
        cleared += batch.items.iter().map(|one| one.count).sum::<u64>();
        from = batch.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!((cleared, count()), (2400, 2));
}
