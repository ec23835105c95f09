//! The copy of a metadata document is in the place of registrations, and is none.

use token_core::ClientId;
use token_core::store::ClientStore as _;

use super::world::{World, now};

const DOCUMENT: &str = "https://app.example/client.json";

async fn is_kept(world: &World) -> bool {
    let client_id = ClientId::parse(DOCUMENT).unwrap();
    let client = world.store.client(&client_id, now()).await.unwrap();
    client.is_some()
}

#[actix_web::test]
async fn a_client_known_by_its_document_is_no_registration() {
    let world = World::new();
    world.client("registered", "one").await;
    world.client(DOCUMENT, "two").await;
    world.session(DOCUMENT, "github|1").await;

    let listed = world.json(&["registrations", "list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["client_id"], "registered");
    assert_eq!(world.json(&["stats"])[0]["registrations"], 1);

    let delete = ["registrations", "delete", DOCUMENT, "--yes"];
    let (_, complaint) = world.fails(&delete);
    for word in ["document", "--complete", "sessions revoke --client"] {
        assert!(complaint.contains(word), "{word}: {complaint}");
    }
    let went = world.json(&["registrations", "delete", "--all", "--yes"]);
    assert_eq!(went[0]["registrations"], 1);
    assert!(is_kept(&world).await, "it is a cache");

    let complete = ["registrations", "delete", DOCUMENT, "--complete"];
    let counted = world.json(&[&complete[..], &["--dry-run"]].concat());
    assert!(is_kept(&world).await);
    let went = world.json(&[&complete[..], &["--yes"]].concat());
    for gone in [&counted[0], &went[0]] {
        assert_eq!(
            (&gone["registrations"], &gone["documents"]),
            (&0.into(), &1.into())
        );
        assert_eq!(
            (&gone["sessions"], &gone["access_tokens"]),
            (&1.into(), &1.into())
        );
    }
    assert!(!is_kept(&world).await);
    let (_, complaint) = world.fails(&[&complete[..], &["--yes"]].concat());
    assert!(
        complaint.contains("neither registration nor session"),
        "{complaint}"
    );
}
