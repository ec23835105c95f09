//! What floods, drips and never ends, with the limits that a service has by default, and others at
//! the same time.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Answer, FakeDns, Peer, limited_client, ok, opening};
use egress::{EgressClient, Limits};

const MEGABYTE: usize = 1 << 20;

fn client_for(peers: &[&Peer], limits: Limits) -> Arc<EgressClient> {
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pairs: Vec<String> = peers
        .iter()
        .map(|peer| format!("page.test:{}", peer.port()))
        .collect();
    Arc::new(limited_client(opening(&pairs), &Arc::new(dns), limits))
}

fn url(peer: &Peer) -> String {
    format!("http://page.test:{}/", peer.port())
}

#[tokio::test]
async fn a_page_of_50_megabytes_is_cut_at_10_and_its_server_hung_up_on() {
    let page = Peer::answering(Answer::Bytes(50 * MEGABYTE)).await;
    let client = client_for(&[&page], Limits::default());
    let fetched = client.get(&url(&page), "*/*").await.unwrap();
    assert!(fetched.truncated);
    assert_eq!(fetched.body.len(), 10 * MEGABYTE);
    // The rest is what lay in the two sockets' buffers.
    assert!(page.ended().await < 40 * MEGABYTE);
}

/// One client for a whole service: who fetches from a slow or endless server takes nothing from
/// the others. The bad ones have a minute, so that they are all at it while the good are served.
#[tokio::test]
async fn others_are_served_while_servers_drip_flood_and_hang() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let drip = Peer::answering(Answer::Drip(head)).await;
    let hang = Peer::answering(Answer::Silence).await;
    let flood = Peer::answering(Answer::Flood(head, 0)).await;
    let good = Peer::answering(Answer::Whole(ok("text/plain", "good"))).await;
    let minute = Duration::from_mins(1);
    let limits = Limits {
        first_byte: minute,
        idle: minute,
        total: minute,
        wire_bytes: usize::MAX,
        body_bytes: usize::MAX / 2,
        ..Limits::default()
    };
    let slow = client_for(&[&drip, &hang, &good], limits);
    let mut bad = tokio::task::JoinSet::new();
    for peer in [&drip, &hang] {
        for _ in 0..50 {
            let (client, url) = (Arc::clone(&slow), url(peer));
            bad.spawn(async move { client.get(&url, "*/*").await });
        }
    }
    let cut = client_for(&[&flood], Limits::default());
    for _ in 0..4 {
        let (client, url) = (Arc::clone(&cut), url(&flood));
        bad.spawn(async move { client.get(&url, "*/*").await });
    }
    for _ in 0..100 {
        let fetched = slow.get(&url(&good), "*/*").await.unwrap();
        assert_eq!(&fetched.body[..], b"good");
    }
    // The hundred were still being dripped at and kept waiting.
    let mut finished = 0;
    while let Some(outcome) = bad.try_join_next() {
        assert!(outcome.unwrap().unwrap().truncated);
        finished += 1;
    }
    assert!(finished <= 4, "{finished}");
}
