//! Mix-up: a client that speaks to several servers must know which one answered (RFC 9700 section
//! 4.4; RFC 9207).

use test_kit::gateway::Gateway;
use url::Url;

/// What a response says, in its order.
fn said(location: &str) -> Vec<(String, String)> {
    let url: Url = location.parse().unwrap();
    url.query_pairs().into_owned().collect()
}

#[actix_web::test]
async fn every_response_names_us_once_whatever_the_state_says() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Mixed up").await;
    let state = "x&iss=https://evil.example&code=injected#iss=https://evil.example";
    let good = Gateway::authorize(&client_id, &[("state", state)]);

    let mut browser = gateway.browser();
    let consent = gateway.open(&mut browser, &good).await;
    let approved = gateway
        .approve(&mut browser, &consent)
        .await
        .location
        .unwrap();
    let refuse = [("decision", "refuse")];
    let refused = browser
        .submit(&consent, "consent", &refuse)
        .await
        .location
        .unwrap();
    let faulty = [("state", state), ("response_type", "token")];
    let faulty = gateway.get(&Gateway::authorize(&client_id, &faulty)).await;
    let faulty = faulty.location().unwrap().to_owned();

    for location in [approved.to_string(), refused.to_string(), faulty] {
        let said = said(&location);
        let values = |name: &str| -> Vec<_> {
            let of = said.iter().filter(|(own, _)| own == name);
            of.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(values("iss"), [gateway.origin.as_str()], "{location}");
        assert_eq!(values("state"), [state], "{location}");
        assert_eq!(
            values("code").len() + values("error").len(),
            1,
            "{location}"
        );
        assert!(!location.contains('#'), "{location}");
    }
}
