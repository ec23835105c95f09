//! What must hold of whatever comes in, by the functions that the fuzz targets call: with every
//! file of their corpora, and with inputs that proptest makes for each.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

#[path = "../../../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "where the fuzz targets call it, it is a library"
)]
mod fuzz;

use std::fs;
use std::path::Path;

use auth_service::flows::Parameters;
use auth_service::flows::client_metadata_document::DocumentPolicy;
use auth_service::flows::user_code::UserCode;
use proptest::prelude::*;
use serde_json::json;
use token_core::SystemEntropy;

/// Feeds every file of a corpus: how many there are.
fn replay(target: &str, entry: fn(&[u8])) -> usize {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = fs::read_dir(corpora.join(target)).expect("a corpus");
    let mut read = 0;
    for file in files {
        entry(&fs::read(file.expect("an entry").path()).expect("a file"));
        read += 1;
    }
    read
}

/// A test for each target: its corpus.
macro_rules! corpora {
    ($($target:ident => $test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                assert!(replay(stringify!($target), fuzz::$target) >= 5);
            }
        )*
    };
}

corpora! {
    authorization_query => the_corpus_of_authorization_query_holds,
    basic_credentials => the_corpus_of_basic_credentials_holds,
    client_metadata => the_corpus_of_client_metadata_holds,
    jwt_header => the_corpus_of_jwt_header_holds,
    outbound_url => the_corpus_of_outbound_url_holds,
    redirect_uri => the_corpus_of_redirect_uri_holds,
    scope => the_corpus_of_scope_holds,
}

/// Some URI, near to those that the rules speak of.
fn uri() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![
        "https?",
        "[hH][tT]{2}[pP]",
        "[a-z][a-z0-9+.-]{0,10}",
        "javascript"
    ];
    let between = prop_oneof!["://", ":", ":/", ":///", ":\\\\\\\\"];
    let host = prop_oneof![
        "localhost\\.?",
        "127\\.0\\.0\\.[01]",
        "0?127\\.1",
        "\\[::1\\]",
        "[a-z]{1,6}(\\.[a-z]{1,6})?",
        "(localhost|a\\.b)@[a-z]{1,5}\\.c",
    ];
    let port = prop_oneof!["", ":[0-9]{0,6}"];
    let rest = prop_oneof![
        "",
        "/cb",
        "/[a-z./%?#@-]{0,12}",
        "\\?[a-z=&%]{0,8}",
        "\\PC{0,6}"
    ];
    (scheme, between, host, port, rest).prop_map(|(scheme, between, host, port, rest)| {
        format!("{scheme}{between}{host}{port}{rest}")
    })
}

/// JSON of any shape, not deep.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        "\\PC{0,20}".prop_map(|it| json!(it)),
        uri().prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|it| json!(it)),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4).prop_map(|it| json!(it)),
        ]
    })
}

/// Client metadata with members that are right, wrong or missing.
fn metadata() -> impl Strategy<Value = serde_json::Value> {
    let good = "https://app.example/cb";
    let uris = prop_oneof![
        Just(json!([good])),
        prop::collection::vec(uri(), 0..3).prop_map(|uris| json!(uris)),
        json_value(),
    ];
    let methods = prop::sample::select(vec![
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "x",
    ]);
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43) }] });
    let jwks = prop_oneof![Just(jwks), json_value()];
    let grants = prop::sample::subsequence(
        vec![
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "client_credentials",
        ],
        0..4,
    );
    let optional = |it: BoxedStrategy<serde_json::Value>| prop::option::of(it);
    (
        uris,
        optional(methods.prop_map(|it| json!(it)).boxed()),
        optional(jwks.boxed()),
        optional(grants.prop_map(|it| json!(it)).boxed()),
        optional("\\PC{0,120}".prop_map(|it| json!(it)).boxed()),
        optional(json_value().boxed()),
    )
        .prop_map(|(uris, method, jwks, grants, name, other)| {
            let mut metadata = json!({
                "client_id": "https://app.example/client.json",
                "redirect_uris": uris,
            });
            for (member, value) in [
                ("token_endpoint_auth_method", method),
                ("jwks", jwks),
                ("grant_types", grants),
                ("client_name", name),
                ("scope", other.clone()),
                ("client_secret", other),
            ] {
                if let Some(value) = value {
                    metadata[member] = value;
                }
            }
            metadata
        })
}

/// An authorization request with some of its parameters changed, doubled or left out.
fn query() -> impl Strategy<Value = String> {
    let good = [
        ("client_id", "client"),
        ("redirect_uri", "https://client.example/callback"),
        ("response_type", "code"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("resource", "https://fetch.example.com/mcp"),
        ("state", "x"),
        ("scope", "mcp"),
    ];
    let name = prop::sample::select(good.map(|(name, _)| name).to_vec());
    let value = prop_oneof![
        "\\PC{0,20}",
        uri(),
        Just(String::new()),
        "http://localhost:[0-9]{1,5}/callback"
    ];
    (prop::collection::vec((name, value, any::<bool>()), 0..3)).prop_map(move |changes| {
        let mut pairs: Vec<_> = good.map(|(name, value)| (name, value.to_owned())).to_vec();
        for (name, value, twice) in changes {
            if !twice {
                pairs.retain(|(own, _)| *own != name);
            }
            pairs.push((name, value));
        }
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    })
}

proptest! {
    #[test]
    fn a_redirect_uri_keeps_its_promise(one in uri(), two in uri()) {
        fuzz::redirect_uri(format!("{one}\n{two}").as_bytes());
        fuzz::redirect_uri(format!("{one}\n{one}").as_bytes());
    }

    #[test]
    fn basic_credentials_are_read_as_they_are_written(
        id in "[!-~]{0,20}", secret in "\\PC{0,20}", noise: Vec<u8>,
    ) {
        fuzz::basic_credentials(format!("{id}:{secret}").as_bytes());
        fuzz::basic_credentials(&noise);
    }

    #[test]
    fn no_header_makes_an_unsigned_token_good(
        alg in prop::sample::select(vec!["none", "HS256", "RS256", "ES256", "EdDSA", "x"]),
        member in prop::sample::select(vec!["kid", "typ", "jku", "jwk", "x5u", "x5c", "crit", "cty"]),
        value in json_value(),
        noise: Vec<u8>,
    ) {
        let mut header = json!({ "alg": alg, "typ": "at+jwt" });
        header[member] = value;
        fuzz::jwt_header(header.to_string().as_bytes());
        fuzz::jwt_header(&noise);
    }

    #[test]
    fn client_metadata_is_stored_as_it_would_be_sent(metadata in metadata(), noise: Vec<u8>) {
        fuzz::client_metadata(metadata.to_string().as_bytes());
        fuzz::client_metadata(&noise);
    }

    #[test]
    fn scopes_are_known_ones_and_only_become_fewer(
        asked in "((mcp|offline_access|openid|[ -~]{0,8}) ){0,4}", narrower in "((mcp|offline_access|x) ){0,3}",
    ) {
        fuzz::scope(format!("{asked}\n{narrower}").as_bytes());
    }

    #[test]
    fn an_authorization_request_leads_to_the_client_or_nowhere(query in query(), noise: Vec<u8>) {
        fuzz::authorization_query(query.as_bytes());
        fuzz::authorization_query(&noise);
    }

    #[test]
    fn a_user_code_is_read_however_it_is_typed(typed in prop_oneof!["[a-zA-Z -]{0,12}", any::<String>()]) {
        let made = UserCode::generate(&SystemEntropy::new()).expect("randomness");
        prop_assert!(UserCode::parse(&made.shown()) == Some(made.clone()));
        let spread: String = made.shown().chars().flat_map(|c| [c.to_ascii_lowercase(), ' ']).collect();
        prop_assert!(UserCode::parse(&spread) == Some(made));
        if let Some(code) = UserCode::parse(&typed) {
            let again = UserCode::parse(&code.shown());
            prop_assert!(again.as_ref() == Some(&code), "{}", typed);
            prop_assert_eq!(again.map(|code| code.shown()), Some(code.shown()));
        }
    }

    #[test]
    fn parameters_are_read_as_they_are_written(pairs in prop::collection::vec(("[a-z]{1,3}", "\\PC{1,9}"), 0..6)) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let parameters = Parameters::parse(form.extend_pairs(&pairs).finish().as_bytes());
        for (name, _) in &pairs {
            let name: &'static str = Box::leak(name.clone().into_boxed_str());
            let values: Vec<_> = pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect();
            prop_assert_eq!(parameters.first(name), values.first().copied());
            match values.as_slice() {
                [only] => prop_assert_eq!(parameters.single(name).expect("one"), Some(*only)),
                _ => prop_assert!(parameters.single(name).is_err()),
            }
            let kept = Parameters::parse(parameters.encoded(&[name]).as_bytes());
            prop_assert_eq!(kept.first(name), values.first().copied());
        }
    }

    #[test]
    fn a_policy_of_documents_names_hosts_or_everybody_or_nobody(text in prop_oneof!["[a-zA-Z., *:/-]{0,30}", any::<String>()]) {
        match DocumentPolicy::parse(&text) {
            Ok(DocumentPolicy::Open) => prop_assert_eq!(text.trim(), "open"),
            Ok(DocumentPolicy::Off) => prop_assert_eq!(text.trim(), "off"),
            Ok(DocumentPolicy::Hosts(hosts)) => {
                prop_assert!(!hosts.is_empty());
                let again = DocumentPolicy::parse(&hosts.join(","));
                prop_assert_eq!(again, Ok(DocumentPolicy::Hosts(hosts)));
            }
            Err(_) => {}
        }
    }
}
