//! What holds of every input, by proptest: no parser panics, what is accepted keeps its type's
//! promise, and what is printed is read again as the same. The inputs that fuzz targets have too
//! are in `auth-service/tests/inputs`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;
use token_core::admission::{Admission, AllowedUsers};
use token_core::client_assertion::claimed_client;
use token_core::pkce::{CodeChallenge, CodeVerifier};
use token_core::secret::{AuthorizationCode, RefreshToken, SecretHash};
use token_core::{
    ClientId, GrantId, Issuer, Jti, ResourceId, ServiceName, Services, UserId, Username,
};

/// Text of any kind, and text that is nearly right.
fn near(right: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![
        right,
        any::<String>(),
        "[ -~]{0,40}",
        (right, any::<char>()).prop_map(|(text, c)| format!("{text}{c}"))
    ]
}

const HOST: &str = "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,2}";

fn url() -> impl Strategy<Value = String> {
    let parts = (
        "https?",
        HOST,
        "(:[0-9]{1,5})?",
        "(/[a-zA-Z0-9._~%/-]{0,20})?",
    );
    parts.prop_map(|(scheme, host, port, path)| format!("{scheme}://{host}{port}{path}"))
}

/// Upper and lower case mixed by a mask.
fn recased(text: &str, mask: u64) -> String {
    let recase = |(at, c): (usize, char)| match mask >> (at % 64) & 1 {
        0 => c,
        _ => c.to_ascii_uppercase(),
    };
    text.chars().enumerate().map(recase).collect()
}

proptest! {
    #[test]
    fn an_issuer_is_one_exact_origin(text in prop_oneof![near("https://[a-z]{1,8}\\.example(:8443)?"), url()]) {
        let Ok(issuer) = Issuer::parse(text.as_str()) else { return Ok(()) };
        prop_assert_eq!(issuer.as_str(), &text);
        prop_assert!(!text.ends_with('/'));
        prop_assert!(!issuer.authority().is_empty() && !issuer.authority().contains(['/', '@', '?', '#']));
        prop_assert_eq!(issuer.is_plain_http(), text.starts_with("http://"));
        let again: Issuer = serde_json::from_value(json!(text)).unwrap();
        prop_assert_eq!(again, issuer);
    }

    #[test]
    fn a_resource_is_its_own_normal_form(text in prop_oneof![url(), any::<String>(), "[ -~]{0,40}"]) {
        let Ok(resource) = ResourceId::parse(text.as_str()) else { return Ok(()) };
        prop_assert_eq!(resource.as_str(), &text);
        prop_assert!(!text.ends_with('/') && !text.contains(['?', '#', '\\', ' ']));
        prop_assert!(resource.covers_path(resource.path()));
        let below = format!("{}/x", resource.path());
        prop_assert!(resource.covers_path(&below));
        let beside = format!("{}x", resource.path());
        prop_assert!(!resource.covers_path(&beside));
        prop_assert!(text.ends_with(resource.path()) && resource.metadata_url().ends_with(resource.path()));
        prop_assert!(resource.authority().starts_with(resource.host()));

        let services = Services::one(ServiceName::parse("only").unwrap(), resource.clone());
        prop_assert_eq!(services.requested(&text), Some(&resource));
    }

    #[test]
    fn a_requested_resource_is_forgiven_case_of_scheme_and_host_its_port_and_one_slash(
        host in HOST, path in "(/[a-zA-Z0-9_~-]{1,8}){0,3}", mask: u64, port: bool, slash: bool,
    ) {
        let configured = format!("https://{host}{path}");
        let resource = ResourceId::parse(configured.as_str()).unwrap();
        let services = Services::one(ServiceName::parse("only").unwrap(), resource.clone());
        let port = if port { ":443" } else { "" };
        let slash = if slash { "/" } else { "" };
        let asked = format!("{}{port}{path}{slash}", recased(&format!("https://{host}"), mask));
        prop_assert_eq!(services.requested(&asked), Some(&resource));
        for other in [
            format!("{asked}/x"),
            format!("{asked}?"),
            format!("{asked}#"),
            format!(" {asked}"),
            format!("{asked}\n"),
            asked.replacen("//", "///", 1),
            asked.replacen("//", "//x@", 1),
            asked.replacen("//", "\\\\", 1),
            asked.replacen("https", "http", 1).replacen("HTTPS", "HTTP", 1),
        ] {
            if other != asked {
                prop_assert_eq!(services.requested(&other), None, "{}", other);
            }
        }
    }

    #[test]
    fn any_text_at_all_may_be_asked_for(text: String) {
        let services = Services::parse("a,b=https://tools.example/b", "example.com").unwrap();
        if let Some(found) = services.requested(&text) {
            let plain = text.to_ascii_lowercase();
            prop_assert!(plain.starts_with("https://"), "{}", text);
            let path = text.strip_suffix('/').unwrap_or(&text);
            prop_assert!(path.ends_with(found.path()), "{}", text);
        }
        let _ = services.implied(Some(&text));
    }

    #[test]
    fn a_list_of_services_is_read_as_it_is_written(
        names in prop::collection::btree_set("[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", 1..6),
        padding in "[ \t]{0,2}",
    ) {
        let names: Vec<_> = names.into_iter().collect();
        let list = names.join(&format!("{padding},{padding}"));
        let services = Services::parse(&list, "example.com").unwrap();
        let own: Vec<_> = services.iter().map(|one| one.name.to_string()).collect();
        prop_assert_eq!(&own, &names);
        // Written out, and in another order, it is the same.
        let mut written: Vec<_> = services.iter().map(|one| format!("{}={}", one.name, one.resource)).collect();
        written.reverse();
        let again = Services::parse(&written.join(","), "other.example").unwrap();
        prop_assert!(services.iter().eq(again.iter()));
        for service in services.iter() {
            prop_assert_eq!(services.resource(service.name.as_str()), Some(&service.resource));
            prop_assert_eq!(services.name(&service.resource), Some(&service.name));
        }
        let twice = format!("{list},{}", names.first().unwrap());
        prop_assert!(Services::parse(&twice, "example.com").is_err());
    }

    #[test]
    fn no_list_of_services_panics_and_none_is_empty(list in prop_oneof![any::<String>(), "[a-z=,:/. -]{0,60}"], domain in near(HOST)) {
        if let Ok(services) = Services::parse(&list, &domain) {
            prop_assert!(services.iter().count() > 0);
        }
    }

    #[test]
    fn a_list_of_people_is_read_as_it_is_written(
        logins in prop::collection::btree_set("[a-z0-9][a-z0-9-]{0,8}", 0..5),
        ids in prop::collection::btree_set(any::<u64>(), 0..5),
        mask: u64,
    ) {
        prop_assume!(!logins.is_empty() || !ids.is_empty());
        let mut entries: Vec<_> = logins.iter().map(|login| recased(login, mask)).collect();
        entries.extend(ids.iter().map(|id| format!("id:{id}")));
        entries.reverse();
        let list = entries.join(" , ");
        let allowed = AllowedUsers::parse(&list).unwrap();
        let expected = AllowedUsers::These { logins: logins.clone(), ids: ids.clone() };
        prop_assert_eq!(&allowed, &expected);

        let admission = Admission { github: Some(allowed), local: false, vouched_for: false };
        let admits = |id: u64, login: &str| admission.admits(
            &UserId::parse(format!("github|{id}")).unwrap(),
            &Username::parse(login).unwrap(),
        );
        for login in &logins {
            prop_assert!(admits(0, login) && admits(0, &login.to_ascii_uppercase()));
        }
        for id in &ids {
            prop_assert!(admits(*id, "renamed"));
        }
        let stranger = ids.iter().max().map_or(1, |id| id.wrapping_add(1));
        prop_assert_eq!(admits(stranger, "no-such_login"), ids.contains(&stranger));
    }

    #[test]
    fn no_list_of_people_panics_and_everybody_is_let_in_by_the_star_alone(list in prop_oneof![any::<String>(), "[a-z@*:,0-9 -]{0,30}"]) {
        match AllowedUsers::parse(&list) {
            Ok(AllowedUsers::Anyone) => {
                let entries: BTreeSet<_> = list.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
                prop_assert_eq!(entries, BTreeSet::from(["*"]));
            }
            Ok(AllowedUsers::These { logins, ids }) => {
                prop_assert!(!logins.is_empty() || !ids.is_empty());
                prop_assert!(logins.iter().all(|login| *login == login.to_ascii_lowercase()));
            }
            Err(_) => {}
        }
    }

    #[test]
    fn a_verifier_answers_its_own_challenge_and_no_other(
        one in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}",
    ) {
        let (verifier, stranger) = (CodeVerifier::parse(one.as_str()).unwrap(), CodeVerifier::parse(other.as_str()).unwrap());
        let challenge = verifier.challenge();
        prop_assert_eq!(CodeChallenge::parse(challenge.as_str()).unwrap(), challenge.clone());
        prop_assert!(verifier.answers(&challenge));
        prop_assert_eq!(stranger.answers(&challenge), one == other);
        let shown = format!("{verifier:?}");
        prop_assert!(!shown.contains(&one), "{}", shown);
    }

    #[test]
    fn only_unreserved_characters_make_a_verifier(text in near("[A-Za-z0-9._~-]{40,130}")) {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let right = (43..=128).contains(&text.len()) && text.chars().all(unreserved);
        prop_assert_eq!(CodeVerifier::parse(text.as_str()).is_ok(), right);
        if let Ok(challenge) = CodeChallenge::parse(text.as_str()) {
            prop_assert_eq!(challenge.as_str(), &text);
            prop_assert_eq!(text.len(), 43);
        }
    }

    #[test]
    fn an_identifier_is_its_text_and_fit_for_a_header(text in near("[!-~]{1,60}")) {
        let fit = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if let Ok(id) = ClientId::parse(text.as_str()) {
            prop_assert!(id.as_str() == text && fit(&text) && text.len() <= 512);
        }
        if let Ok(name) = Username::parse(text.as_str()) {
            prop_assert!(name.as_str() == text && fit(&text));
        }
        if let Ok(user) = UserId::parse(text.as_str()) {
            prop_assert!(user.as_str() == text && fit(&text) && text.contains('|'));
        }
        let valued = json!(text);
        prop_assert_eq!(serde_json::from_value::<ClientId>(valued.clone()).is_ok(), ClientId::parse(text.as_str()).is_ok());
        prop_assert_eq!(serde_json::from_value::<Username>(valued).is_ok(), Username::parse(text.as_str()).is_ok());
    }

    #[test]
    fn what_names_its_grant_names_it_in_its_text(
        grant in "[A-Za-z0-9_-]{22}", rest in prop_oneof!["[A-Za-z0-9_-]{22}", "[A-Za-z0-9_-]{43}", any::<String>()],
    ) {
        let text = format!("{grant}.{rest}");
        let grant = GrantId::parse(grant).unwrap();
        if let Ok(jti) = Jti::parse(text.as_str()) {
            prop_assert_eq!((jti.grant(), jti.rest()), (grant.clone(), rest.as_str()));
        }
        let code = AuthorizationCode::parse(text.as_str());
        prop_assert_eq!(code.is_ok(), RefreshToken::parse(text.as_str()).is_ok());
        if let Ok(code) = code {
            let key = code.key().unwrap();
            prop_assert_eq!((key.grant, key.hash), (grant, SecretHash::of(&text)));
        }
    }

    #[test]
    fn a_hash_is_read_as_it_is_written(secret: String, other: String) {
        let hash = SecretHash::of(&secret);
        prop_assert_eq!(SecretHash::try_from(hash.to_string()).unwrap(), hash);
        prop_assert_eq!(SecretHash::of(&other) == hash, other == secret);
        let _ = SecretHash::try_from(other);
    }

    #[test]
    fn a_client_assertion_claims_the_client_of_its_sub(sub in near("[!-~]{1,60}"), text in "\\PC{0,60}") {
        let payload = URL_SAFE_NO_PAD.encode(json!({ "sub": sub, "iss": text }).to_string());
        let claimed = claimed_client(&format!("{text}.{payload}.x"));
        let whole = !text.contains('.');
        if whole {
            prop_assert_eq!(claimed.map(String::from).ok(), ClientId::parse(sub).map(String::from).ok());
        }
        let _ = claimed_client(&text);
    }
}
