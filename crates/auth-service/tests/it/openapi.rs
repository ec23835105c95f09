//! The document says what the server does: neither has an endpoint that the other has not.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use auth_service::http::routes::paths;
use serde_json::Value;

use crate::harness::Server;

/// Keys of a path item that are no methods.
const NO_METHODS: [&str; 1] = ["parameters"];

type Methods = BTreeSet<String>;

/// Each path of the document with its methods, in capitals.
fn described(document: &Value) -> BTreeMap<String, Methods> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        let keys = item.as_object().unwrap().keys();
        keys.filter(|key| !NO_METHODS.contains(&key.as_str()))
            .map(|key| key.to_uppercase())
            .collect()
    };
    paths
        .iter()
        .map(|(path, item)| (path.clone(), methods(item)))
        .collect()
}

/// What the server itself says of a path: `Allow` of an answer to a method that there is not.
async fn allowed(server: &Server, path: &str) -> Methods {
    let method = Method::from_bytes(b"PROPFIND").unwrap();
    let uri = path.replace(['{', '}'], "");
    let answer = server
        .send(TestRequest::default().method(method).uri(&uri))
        .await;
    assert_eq!(answer.status, 405, "{path}");
    let allow = answer.header("allow").unwrap_or_default();
    allow.split(", ").map(str::to_owned).collect()
}

async fn document(server: &Server) -> Value {
    let answer = server.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    answer.json()
}

#[actix_web::test]
async fn every_path_is_described_and_no_other() {
    let described = described(&document(&Server::start()).await);
    // The router's patterns say beside a name what may stand there.
    let plain = |path: &str| path.replace(":.*}", "}");
    let served: BTreeSet<_> = paths().map(plain).collect();
    assert_eq!(described.into_keys().collect::<BTreeSet<_>>(), served);
}

#[actix_web::test]
async fn each_path_has_the_methods_that_are_described() {
    let server = Server::start();
    let described = described(&document(&server).await);
    for (path, methods) in &described {
        assert_eq!(allowed(&server, path).await, *methods, "{path}");
    }
}

#[actix_web::test]
async fn every_endpoint_of_the_metadata_is_described() {
    let server = Server::start();
    let described = described(&document(&server).await);
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    let metadata = metadata.json();
    let issuer = metadata["issuer"].as_str().unwrap();
    let endpoints = metadata.as_object().unwrap().iter();
    let endpoints = endpoints
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        .map(|(_, url)| url.as_str().unwrap().strip_prefix(issuer).unwrap());
    for path in endpoints {
        assert!(described.contains_key(path), "{path}");
    }
}

#[actix_web::test]
async fn the_members_of_the_metadata_are_those_described() {
    let server = Server::start();
    let document = document(&server).await;
    let schema = &document["components"]["schemas"]["ServerMetadata"];
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    let metadata = metadata.json();
    let metadata = metadata.as_object().unwrap();
    for name in metadata.keys() {
        assert!(schema["properties"].get(name).is_some(), "{name}");
    }
    for name in schema["required"].as_array().unwrap() {
        assert!(metadata.contains_key(name.as_str().unwrap()), "{name}");
    }
}

#[actix_web::test]
async fn the_error_codes_are_the_ones_there_are() {
    let server = Server::start();
    let document = document(&server).await;
    let described = document["components"]["schemas"]["ErrorCode"]["enum"].as_array();
    let described: BTreeSet<_> = described
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    // The enumeration cannot be walked; its source can.
    let source = include_str!("../../../token-core/src/oauth_error.rs");
    let arms = source.lines().filter_map(|line| line.split_once("=> \""));
    let written: BTreeSet<_> = arms
        .filter_map(|(_, rest)| rest.strip_suffix("\","))
        .collect();
    assert_eq!(described, written);
}

#[actix_web::test]
async fn the_version_is_that_of_the_crate() {
    let document = document(&Server::start()).await;
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}
