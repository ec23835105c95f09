//! What the operator sees of what happened, on both kinds of gateway.

use test_kit::process::eventually;

use super::world::World;

#[actix_web::test]
async fn a_use_is_listed_and_its_login_is_traced_to_the_first_call() {
    for world in World::both().await {
        let [used, unused] = [world.sign_in("used").await, world.sign_in("unused").await];
        assert_ne!(world.status(&used).await, 401);
        eventually("the use is listed", async || {
            world
                .json(&["tokens", "list"])
                .iter()
                .any(|token| token["last_used"].is_u64())
        })
        .await;
        for (kind, member, id) in [
            ("tokens", "jti", used.jti()),
            ("sessions", "grant", used.session()),
        ] {
            for line in world.json(&[kind, "list"]) {
                assert_eq!(line["last_used"].is_u64(), line[member] == id, "{line}");
            }
        }

        let attempts = || world.json(&["trace", "--since", "1h"]);
        eventually("the first call is traced", async || {
            attempts().iter().any(|attempt| attempt["done"] == true)
        })
        .await;
        let attempts = attempts();
        assert_eq!(attempts.len(), 2, "{attempts:?}");
        for attempt in &attempts {
            let steps = attempt["steps"].as_array().unwrap().iter();
            let steps: Vec<_> = steps.map(|step| step[1].as_str().unwrap()).collect();
            let is_used = attempt["client_id"] == used.client_id.as_str();
            let call = if is_used { "came" } else { "missing" };
            assert_eq!(steps[1..], ["came", "came", "came", "came", "came", call]);
            let reference = attempt["reference"].as_str().unwrap();
            let told = world.done(&["trace", &reference.to_lowercase().replace('-', "")]);
            assert!(
                told.contains(attempt["client_id"].as_str().unwrap()),
                "{told}"
            );
        }
        assert_eq!(world.json(&["trace", "--failed"]).len(), 1);
        assert_ne!(used.client_id, unused.client_id);

        let report = world.json(&["report", "--since", "1h"]).remove(0);
        let connected = report["logins"]["connected"].as_array().unwrap();
        assert_eq!(
            connected
                .iter()
                .filter_map(serde_json::Value::as_u64)
                .sum::<u64>(),
            1
        );
        let unknown = world.fails(1, &["trace", "0000-0000"]);
        assert!(unknown.contains("AUDIT_LENGTH"), "{unknown}");
    }
}
