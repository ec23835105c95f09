//! What is kept of metadata documents, and that no request at the token endpoint waits for the host
//! of one.

use std::sync::Arc;

use auth_service::flows::clients::ClientSettings;
use auth_service::flows::errands::renew_what_is_in_use;
use serde_json::json;
use token_core::store::ClientStore as _;
use token_core::{ClientId, Clock as _, Seconds};
use token_store::MemoryStore;

use crate::client_metadata_document::{URL, answer, asks, changed, document};
use crate::harness::{CALLBACK, Server, open_to_all, settled};

#[actix_web::test]
async fn after_a_restart_no_token_request_waits_for_the_clients_host() {
    let store = Arc::new(MemoryStore::new());
    let before = Server::on(Arc::clone(&store) as _);
    before.remote.put_json(URL, &document());
    let refresh_token = before.tokens(URL).await["refresh_token"].clone();
    let code = before.code(URL).await;

    let after = Server::on(store);
    after.remote.hang();
    assert_eq!(after.redeem(URL, &code).await.status, 200);
    let refreshed = after.refresh(URL, refresh_token.as_str().unwrap()).await;
    assert_eq!(refreshed.status, 200);
}

#[actix_web::test]
async fn a_document_that_is_withdrawn_after_a_sign_in_ends_its_client_also_at_the_token_endpoint() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let refresh_token = server.tokens(URL).await["refresh_token"].clone();
    server.remote.put(URL, Ok(answer(404, "")));
    server.clock.advance(Seconds(601));
    asks(&server).await;
    // Long enough for the failure to be forgotten: it is asked once more.
    server.clock.advance(Seconds(6));
    let unknown = server.refresh(URL, refresh_token.as_str().unwrap()).await;
    assert_eq!(unknown.error().0, 503);
    settled().await;
    let refused = server.refresh(URL, refresh_token.as_str().unwrap()).await;
    assert_eq!(refused.error(), (401, "invalid_client".to_owned()));
}

#[actix_web::test]
async fn what_is_stored_of_a_document_follows_it_and_is_over_a_week_later() {
    let store = Arc::new(MemoryStore::new());
    let server = Server::on(Arc::clone(&store) as _);
    let id = ClientId::parse(URL).unwrap();
    server.remote.put_json(URL, &document());
    server.tokens(URL).await;
    let renamed = changed(&json!({ "client_name": "Renamed" }));
    server.remote.put_json(URL, &renamed);
    server.clock.advance(Seconds(601));
    asks(&server).await;
    let stored = store.client(&id, server.clock.now()).await.unwrap();
    assert_eq!(stored.unwrap().client_name.as_deref(), Some("Renamed"));
    server.clock.advance(Seconds(600 + 7 * 86_400));
    let stored = store.client(&id, server.clock.now()).await.unwrap();
    assert_eq!(stored, None);
}

#[actix_web::test]
async fn documents_are_within_the_ceiling_and_make_room_for_registrations() {
    let one_client = ClientSettings {
        ceiling: 1,
        ..open_to_all()
    };
    let server = Server::with("fetch", one_client);
    server.remote.put_json(URL, &document());
    server.tokens(URL).await;
    let metadata = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    assert_eq!(server.register(&metadata).await.status, 201);
}

#[actix_web::test]
async fn a_document_that_nobody_let_in_is_not_stored() {
    let store = Arc::new(MemoryStore::new());
    let server = Server::on(Arc::clone(&store) as _);
    server.remote.put_json(URL, &document());
    asks(&server).await;
    let id = ClientId::parse(URL).unwrap();
    let stored = store.client(&id, server.clock.now()).await.unwrap();
    assert_eq!(stored, None);
}

#[actix_web::test]
async fn no_token_request_waits_for_the_host_of_a_document() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let mut tokens = server.tokens(URL).await;
    server.clock.advance(Seconds(601));
    server.remote.hang();
    for _ in 0..2 {
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        let answer = server.refresh(URL, refresh_token).await;
        assert_eq!(answer.status, 200);
        tokens = answer.json();
    }
    settled().await;
    assert!(
        server.remote.asked(URL) > 1,
        "behind their backs it is fetched"
    );
}

#[actix_web::test]
async fn after_more_than_a_week_a_client_comes_twice_and_waits_for_no_host() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let refresh_token = server.tokens(URL).await["refresh_token"].clone();
    let refresh_token = refresh_token.as_str().unwrap();
    server.clock.advance(Seconds(8 * 86_400));
    server.remote.hang();
    let soon = server.refresh(URL, refresh_token).await;
    assert_eq!(soon.error(), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(soon.header("retry-after"), Some("2"));
    server.remote.answer_again();
    settled().await;
    assert_eq!(server.refresh(URL, refresh_token).await.status, 200);
    assert_eq!(server.remote.asked(URL), 2);
}

#[actix_web::test]
async fn the_document_of_a_client_in_use_is_fetched_before_it_is_old() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let tokens = server.tokens(URL).await;
    server.clock.advance(Seconds(530));
    renew_what_is_in_use(server.context()).await;
    assert_eq!(server.remote.asked(URL), 1);
    server.clock.advance(Seconds(20));
    renew_what_is_in_use(server.context()).await;
    assert_eq!(server.remote.asked(URL), 2);
    server.clock.advance(Seconds(590));
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(URL, refresh_token).await.status, 200);
    settled().await;
    assert_eq!(server.remote.asked(URL), 2, "it was fresh");
    server.clock.advance(Seconds(86_400));
    renew_what_is_in_use(server.context()).await;
    assert_eq!(server.remote.asked(URL), 2, "nobody used it for a day");
}

#[actix_web::test]
async fn an_outage_of_theirs_is_never_an_invalid_client() {
    let server = Server::start();
    let refresh = server.refresh(URL, "x").await;
    assert_eq!(refresh.error(), (503, "temporarily_unavailable".to_owned()));
    settled().await;
    server.clock.advance(Seconds(5));
    server.remote.put(URL, Ok(answer(404, "")));
    let refresh = server.refresh(URL, "x").await;
    assert_eq!(refresh.error(), (503, "temporarily_unavailable".to_owned()));
    settled().await;
    let refresh = server.refresh(URL, "x").await;
    assert_eq!(refresh.error(), (401, "invalid_client".to_owned()));
}
