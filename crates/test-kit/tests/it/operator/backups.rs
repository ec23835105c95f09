//! A backup is taken of a running gateway and put back into it, as clients and the edge see it.

use super::vault::Vault;
use super::world::{World, three};

#[actix_web::test]
async fn what_was_ended_since_is_not_brought_back() {
    for world in World::both().await {
        let vault = Vault::of(&world);
        let [revoked, deleted, kept] = three(&world).await;
        let made = vault.json(&world, &["create"]);
        assert_eq!(
            (&made["access_tokens"], &made["refresh_tokens"]),
            (&3.into(), &3.into())
        );
        world.done(&["sessions", "revoke", &revoked.session(), "--yes"]);
        world.is_refused(&revoked).await;
        world.done(&["registrations", "delete", &deleted.client_id, "--yes"]);
        assert_ne!(world.refresh(&deleted).await, 200);

        let done = vault.restore(&world, &[]);
        for (became, kind, count) in [
            ("ended", "access_tokens", 1),
            ("ended", "clients", 1),
            ("restored", "clients", 0),
        ] {
            assert_eq!(done[became][kind], count, "{done}");
        }
        assert_eq!(world.status(&revoked).await, 401);
        assert_ne!(world.refresh(&revoked).await, 200);
        assert_ne!(world.refresh(&deleted).await, 200, "its client is unknown");
        assert_eq!(world.status(&kept).await, 200);
        assert_eq!(world.refresh(&kept).await, 200);
    }
}

#[actix_web::test]
async fn a_cleared_gateway_is_as_it_was_but_for_what_ended() {
    for world in World::both().await {
        let vault = Vault::of(&world);
        let [revoked, renewed, kept] = three(&world).await;
        vault.json(&world, &["create"]);
        world.done(&["sessions", "revoke", &revoked.session(), "--yes"]);
        assert_eq!(world.refresh(&renewed).await, 200);
        let later = world.sign_in("later").await;
        assert_eq!(world.status(&later).await, 200);

        let done = vault.restore(&world, &["--clear"]);
        assert_eq!(
            (&done["cleared"]["clients"], &done["restored"]["clients"]),
            (&4.into(), &3.into())
        );
        assert_eq!(done["restored"]["access_tokens"], 2);
        world.is_refused(&later).await;
        assert_ne!(world.refresh(&later).await, 200);
        assert_eq!(world.status(&revoked).await, 401);
        assert_eq!(world.status(&kept).await, 200);
        assert_eq!(world.refresh(&kept).await, 200);
        // Its client has used it up since.
        assert_eq!(world.status(&renewed).await, 200);
    }
}
