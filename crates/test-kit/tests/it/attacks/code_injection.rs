//! Codes that are stolen, injected or used again (RFC 9700 sections 2.1.1 and 4.5).

use test_kit::gateway::{Gateway, VERIFIER};
use test_kit::random;

#[actix_web::test]
async fn a_code_injected_into_another_session_of_the_same_client_is_refused_and_burnt() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("One client, two people").await;
    // The victim's code, and the session that the attacker began with a verifier of his own.
    let stolen = gateway.code(&client_id).await;
    let attackers = random::base64url(32);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &client_id),
        ("code", &stolen),
        ("code_verifier", &attackers),
    ];
    let injected = gateway.post("/token", &form).await;
    assert_eq!(injected.error(), (400, "invalid_grant".to_owned()));
    let owners = gateway.redeem(&client_id, &stolen).await;
    assert_eq!(owners.error(), (400, "invalid_grant".to_owned()), "burnt");
}

#[actix_web::test]
async fn pkce_cannot_be_left_out_of_either_half_of_the_flow() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Downgraded").await;
    for stripped in [
        &[("code_challenge", "")][..],
        &[("code_challenge_method", "plain")],
        &[("code_challenge", ""), ("code_challenge_method", "")],
    ] {
        let answer = gateway.get(&Gateway::authorize(&client_id, stripped)).await;
        let location = answer.location().unwrap();
        assert!(location.contains("error=invalid_request"), "{location}");
        assert!(!location.contains("code="), "{location}");
    }
    let code = gateway.code(&client_id).await;
    for verifier in [None, Some("")] {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", &*client_id),
            ("code", &*code),
        ];
        form.extend(verifier.map(|text| ("code_verifier", text)));
        let answer = gateway.post("/token", &form).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
    }
    assert_eq!(gateway.redeem(&client_id, &code).await.status, 200);
}

#[actix_web::test]
async fn a_stolen_code_is_of_no_use_to_another_client_even_with_its_verifier() {
    let gateway = Gateway::start().await;
    let victim = gateway.public_client("Victim").await;
    let thief = gateway.public_client("Thief").await;
    let code = gateway.code(&victim).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &*thief),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let answer = gateway.post("/token", &form).await;
    assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
}
