//! The rows of docs/rfc-map.md for an MCP server over streamable HTTP, S1 to S21: the specification
//! of 2026-07-28 unless a test says otherwise. What a row says of others (access, streams,
//! cancellation) is beside what it belongs to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{MODERN, Service, answer, modern, site};

/// A message of the modern era with exactly these `_meta` members and this version in the header.
fn with_meta(service: &Service, version: &str, meta: &Value) -> reqwest::RequestBuilder {
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta }
    });
    service
        .post(&message)
        .header("MCP-Protocol-Version", version)
        .header("Mcp-Method", "tools/list")
}

fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {}
    })
}

fn call(url: &str) -> Value {
    json!({ "name": "fetch", "arguments": { "url": url } })
}

async fn assert_error(request: reqwest::RequestBuilder, status: u16, code: i64) -> Value {
    let (answered, message) = answer(request).await;
    let error = message["error"].clone();
    assert_eq!(
        (answered, &error["code"]),
        (status, &json!(code)),
        "{message}"
    );
    error
}

#[actix_web::test]
async fn s1_the_path_answers_with_and_without_a_slash() {
    let mut service = Service::start(&[]);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    service.url += "/";
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 200);
    service.url += "more";
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 404);
}

#[actix_web::test]
async fn s4_a_notification_is_202_without_a_body_and_what_is_no_message_is_4xx() {
    let service = Service::start(&[]);
    for method in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/x",
    ] {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": { "requestId": 1 } });
        let response = service.post(&message).send().await.unwrap();
        assert_eq!(response.status(), 202, "{method}");
        assert_eq!(response.bytes().await.unwrap().len(), 0, "{method}");
    }
    for message in [
        json!({ "jsonrpc": "1.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        json!("ping"),
        json!({}),
    ] {
        assert_error(service.post(&message), 400, -32600).await;
    }
    let request = service
        .request(Method::POST)
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
        .body("{\"jsonrpc\": ");
    assert_error(request, 400, -32700).await;
}

#[actix_web::test]
async fn s5_a_request_is_answered_by_one_json_object() {
    let site = site(&[("/", "text/html", "<p>Hello")]);
    let service = Service::opened_to(&site);
    let requests = [
        modern(&service, "server/discover", json!({})),
        modern(&service, "tools/list", json!({})),
        modern(&service, "tools/call", call(&site)).header("Mcp-Name", "fetch"),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        let message: Value = response.json().await.unwrap();
        assert_eq!(
            (&message["jsonrpc"], &message["id"]),
            (&json!("2.0"), &json!(7))
        );
        assert!(message["result"].is_object(), "{message}");
    }
    // A client must take both forms.
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let request = service.request(Method::POST).json(&ping);
    let narrow = request.header("Accept", "application/json").send();
    assert_eq!(narrow.await.unwrap().status(), 406);
}

#[actix_web::test]
async fn s9_the_version_in_the_header_is_the_one_in_the_body() {
    let service = Service::start(&[]);
    let agreeing = with_meta(&service, MODERN, &meta(MODERN));
    assert_eq!(answer(agreeing).await.0, 200);
    assert_error(
        with_meta(&service, "2025-11-25", &meta(MODERN)),
        400,
        -32020,
    )
    .await;
    assert_error(
        with_meta(&service, MODERN, &meta("2025-11-25")),
        400,
        -32020,
    )
    .await;
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta(MODERN) }
    });
    let without = service.post(&message).header("Mcp-Method", "tools/list");
    assert_error(without, 400, -32020).await;
}

#[actix_web::test]
async fn s10_an_unsupported_version_is_told_which_ones_are() {
    let service = Service::start(&[]);
    let request = with_meta(&service, "2099-01-01", &meta("2099-01-01"));
    let error = assert_error(request, 400, -32022).await;
    assert_eq!(error["data"]["requested"], "2099-01-01");
    let supported = error["data"]["supported"].as_array().unwrap();
    assert!(supported.contains(&json!(MODERN)), "{error}");
    // In the older era a version that nobody knows is 400, and none at all is 2025-03-26.
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let unknown = service
        .post(&ping)
        .header("MCP-Protocol-Version", "1999-01-01");
    assert_eq!(unknown.send().await.unwrap().status(), 400);
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn s11_an_unknown_method_is_404_and_so_are_those_of_the_older_era() {
    let service = Service::start(&[]);
    for method in ["no/such", "ping", "logging/setLevel"] {
        let request = modern(&service, method, json!({ "level": "info" }));
        assert_error(request, 404, -32601).await;
    }
}

#[actix_web::test]
async fn s12_a_missing_member_of_meta_is_invalid_params() {
    let service = Service::start(&[]);
    let mut meta = meta(MODERN);
    meta.as_object_mut()
        .unwrap()
        .remove("io.modelcontextprotocol/clientCapabilities");
    assert_error(with_meta(&service, MODERN, &meta), 400, -32602).await;
}

#[actix_web::test]
async fn s13_no_capability_of_the_client_is_needed_for_anything() {
    let site = site(&[("/", "text/html", "<p>Hello")]);
    let service = Service::opened_to(&site);
    // `modern` declares none.
    let request = modern(&service, "tools/call", call(&site)).header("Mcp-Name", "fetch");
    let (status, message) = answer(request).await;
    assert_eq!(
        (status, &message["result"]["isError"]),
        (200, &json!(false)),
        "{message}"
    );
}

#[actix_web::test]
async fn s14_headers_must_say_what_the_body_says() {
    let service = Service::start(&[]);
    let call = || modern(&service, "tools/call", call("https://example.com/"));
    let list = || modern(&service, "tools/list", json!({}));
    for request in [
        call(),
        call().header("Mcp-Name", "other"),
        call().header("Mcp-Name", "Fetch"),
        call().header("Mcp-Name", "=?base64?b3RoZXI=?="),
        list().header("Mcp-Method", "tools/call"),
    ] {
        assert_error(request, 400, -32020).await;
    }
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta(MODERN) }
    });
    let versioned = || {
        service
            .post(&message)
            .header("MCP-Protocol-Version", MODERN)
    };
    assert_error(versioned(), 400, -32020).await;
    assert_error(versioned().header("Mcp-Method", "TOOLS/LIST"), 400, -32020).await;
    assert_eq!(
        answer(versioned().header("mcp-METHOD", "tools/list"))
            .await
            .0,
        200
    );
}

#[actix_web::test]
async fn s14_a_name_may_come_as_base64() {
    let site = site(&[("/", "text/html", "<p>Hello")]);
    let service = Service::opened_to(&site);
    for name in ["fetch", "=?base64?ZmV0Y2g=?="] {
        let request = modern(&service, "tools/call", call(&site)).header("Mcp-Name", name);
        assert_eq!(answer(request).await.0, 200, "{name}");
    }
}

#[actix_web::test]
async fn s15_discovery_names_every_version_and_what_the_server_can() {
    let service = Service::start(&[]);
    let (status, message) = answer(modern(&service, "server/discover", json!({}))).await;
    assert_eq!(status, 200, "{message}");
    let result = &message["result"];
    let versions: Vec<_> = result["supportedVersions"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", MODERN] {
        assert!(versions.contains(&&json!(version)), "{versions:?}");
    }
    assert!(result["capabilities"]["tools"].is_object());
    let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "mcp-fetch", "{result}");
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
}

#[actix_web::test]
async fn s16_every_result_is_complete_and_none_of_the_older_era_says_so() {
    let site = site(&[("/", "text/html", "<p>Hello")]);
    let service = Service::opened_to(&site);
    for request in [
        modern(&service, "server/discover", json!({})),
        modern(&service, "tools/list", json!({})),
        modern(&service, "tools/call", call(&site)).header("Mcp-Name", "fetch"),
        modern(&service, "tools/call", call("file:///x")).header("Mcp-Name", "fetch"),
    ] {
        let (_, message) = answer(request).await;
        assert_eq!(message["result"]["resultType"], "complete", "{message}");
    }
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (_, message) = answer(service.post(&list)).await;
    assert!(message["result"].get("ttlMs").is_none(), "{message}");
}

#[actix_web::test]
async fn s17_lists_say_how_long_they_hold_and_for_whom() {
    let service = Service::start(&[]);
    let (_, message) = answer(modern(&service, "tools/list", json!({}))).await;
    let result = &message["result"];
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(3_600_000), &json!("public"))
    );
    let (_, message) = answer(modern(&service, "server/discover", json!({}))).await;
    let result = &message["result"];
    assert!(
        result["ttlMs"].is_u64() && result["cacheScope"].is_string(),
        "{result}"
    );
}

#[actix_web::test]
async fn s18_there_is_one_tool_the_same_for_everybody() {
    let service = Service::start(&[]);
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (_, first) = answer(service.post(&list)).await;
    let somebody = service.assertion_of(&crate::support::somebody_else());
    let other = service
        .post_without_assertion(&list)
        .header("X-Auth-Assertion", somebody);
    let (_, second) = answer(other).await;
    assert_eq!(first, second);
    let tools = first["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 1);
    let tool = &tools[0];
    assert_eq!(tool["name"], "fetch");
    assert_eq!(tool["annotations"]["readOnlyHint"], true);
    assert_eq!(tool["annotations"]["openWorldHint"], true);
    let schema = &tool["inputSchema"];
    assert_eq!(schema["required"], json!(["url"]));
    let defaults = ["max_length", "start_index", "raw"];
    let defaults = defaults.map(|name| schema["properties"][name]["default"].clone());
    assert_eq!(defaults, [json!(5000), json!(0), json!(false)]);
    let format = &schema["properties"]["format"];
    let formats = json!(["markdown", "text", "raw", "links", "metadata"]);
    assert_eq!(
        (&format["enum"], &format["type"]),
        (&formats, &json!("string"))
    );
    assert_eq!(schema["properties"]["selector"]["type"], "string");
    // Plain schemas: some clients take no references.
    assert!(!tool.to_string().contains("$ref"), "{tool}");
    let output = tool["outputSchema"]["required"].as_array().unwrap();
    for name in ["url", "status", "content", "truncated", "warning"] {
        assert!(output.contains(&json!(name)), "{name}");
    }
    assert!(!output.contains(&json!("next_start_index")));
}

#[actix_web::test]
async fn s19_there_are_no_sessions_and_what_names_one_is_ignored() {
    let service = Service::start(&[]);
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let request = service
            .request(method.clone())
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", "made-up")
            .header("Last-Event-ID", "7");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "POST");
    }
    let request = modern(&service, "tools/list", json!({}))
        .header("Mcp-Session-Id", "made-up")
        .header("Last-Event-ID", "7");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("mcp-session-id"));
}

#[actix_web::test]
async fn s20_no_id_is_null_and_schemas_are_whole_in_themselves() {
    let service = Service::start(&[]);
    let message = json!({ "jsonrpc": "2.0", "id": null, "method": "ping" });
    assert_error(service.post(&message), 400, -32600).await;
    for id in [json!(0), json!("text"), json!(-7)] {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        assert_eq!(answer(service.post(&message)).await.1["id"], id);
    }
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (_, message) = answer(service.post(&list)).await;
    let tool = &message["result"]["tools"][0];
    for schema in ["inputSchema", "outputSchema"].map(|name| &tool[name]) {
        let dialect = schema["$schema"].as_str();
        assert!(
            dialect.is_none_or(|dialect| dialect.contains("2020-12")),
            "{schema}"
        );
        assert_eq!(schema["type"], "object", "{schema}");
        let text = schema.to_string();
        let outside = text
            .split("\"$ref\":\"")
            .skip(1)
            .any(|rest| !rest.starts_with('#'));
        assert!(!outside, "{schema}");
    }
}

/// Neither an earlier request nor the connection means anything: eras take turns on one connection,
/// and the first request of another is a call.
#[actix_web::test]
async fn s21_no_request_relies_on_another() {
    let site = site(&[("/", "text/html", "<p>Hello")]);
    let service = Service::opened_to(&site);
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": "2025-03-26", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" }
        }
    });
    let legacy = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call(&site)
    });
    for _ in 0..2 {
        let call = || modern(&service, "tools/call", call(&site)).header("Mcp-Name", "fetch");
        let (_, message) = answer(call()).await;
        assert_eq!(message["result"]["resultType"], "complete", "{message}");
        assert_eq!(answer(service.post(&initialize)).await.0, 200);
        let (_, message) = answer(service.post(&legacy)).await;
        assert_eq!(message["result"]["isError"], false, "{message}");
        assert_eq!(answer(call()).await.0, 200);
    }
}
