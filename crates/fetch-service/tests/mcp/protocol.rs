//! The MCP transport in both eras (streamable HTTP of 2025-03-26 to 2025-11-25, and 2026-07-28).

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Service, site};

const MODERN: &str = "2026-07-28";

/// A request of the modern era: everything in itself, repeated in headers.
fn modern(service: &Service, method: &str, mut params: Value) -> RequestBuilder {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    service
        .post(&message)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", method)
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[actix_web::test]
async fn legacy_clients_initialize_and_call() {
    let site = site(&[("/", "text/html", "<p>Hello from the page")]);
    let service = Service::opened_to(&site);
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let initialize = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": version, "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" }
            }
        });
        let response = service.post(&initialize).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("mcp-session-id"));
        let result = response.json::<Value>().await.unwrap();
        let result = &result["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "mcp-fetch");
        assert!(result["capabilities"]["tools"].is_object());

        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let request = service
            .post(&initialized)
            .header("MCP-Protocol-Version", version);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 202);
        assert_eq!(response.text().await.unwrap(), "");

        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "fetch", "arguments": { "url": site } }
        });
        let request = service.post(&call).header("MCP-Protocol-Version", version);
        let (status, result) = answer(request).await;
        assert_eq!(status, 200);
        assert_eq!(result["id"], 1);
        let text = result["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("Hello from the page"), "{text}");
        assert!(result["result"].get("resultType").is_none());
    }
}

#[actix_web::test]
async fn modern_clients_discover_and_call() {
    let site = site(&[("/", "text/html", "<p>Hello from the page")]);
    let service = Service::opened_to(&site);

    let (status, result) = answer(modern(&service, "server/discover", json!({}))).await;
    assert_eq!(status, 200, "{result}");
    let result = &result["result"];
    assert!(
        result["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!(MODERN))
    );
    assert!(result["capabilities"]["tools"].is_object());
    let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "mcp-fetch", "{result}");

    let (status, result) = answer(modern(&service, "tools/list", json!({}))).await;
    assert_eq!(status, 200);
    let result = &result["result"];
    assert_eq!(result["resultType"], "complete");
    assert!(
        result["ttlMs"].is_u64() && result["cacheScope"].is_string(),
        "{result}"
    );

    let call = json!({ "name": "fetch", "arguments": { "url": site } });
    let request = modern(&service, "tools/call", call).header("Mcp-Name", "fetch");
    let (status, result) = answer(request).await;
    assert_eq!(status, 200);
    assert_eq!(result["id"], 7);
    let result = &result["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["isError"], false);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("Hello from the page"), "{text}");
}

#[actix_web::test]
async fn headers_must_say_what_the_body_says() {
    let service = Service::start(&[]);
    let call = || json!({ "name": "fetch", "arguments": { "url": "https://example.com/" } });
    let without_name = modern(&service, "tools/call", call());
    let wrong_name = modern(&service, "tools/call", call()).header("Mcp-Name", "other");
    let wrong_method = modern(&service, "tools/list", json!({})).header("Mcp-Method", "tools/call");
    for request in [without_name, wrong_name, wrong_method] {
        let (status, answer) = answer(request).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!(-32020)),
            "{answer}"
        );
    }
}

#[actix_web::test]
async fn what_is_unknown_has_its_error() {
    let service = Service::start(&[]);
    let (status, result) = answer(modern(&service, "no/such", json!({}))).await;
    assert_eq!((status, &result["error"]["code"]), (404, &json!(-32601)));

    let bare = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {
        "_meta": { "io.modelcontextprotocol/protocolVersion": MODERN }
    }});
    let request = service
        .post(&bare)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/list");
    let (status, result) = answer(request).await;
    assert_eq!((status, &result["error"]["code"]), (400, &json!(-32602)));

    let future = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2099-01-01",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {}
        }
    }});
    let request = service
        .post(&future)
        .header("MCP-Protocol-Version", "2099-01-01")
        .header("Mcp-Method", "tools/list");
    let (status, result) = answer(request).await;
    assert_eq!(
        (status, &result["error"]["code"]),
        (400, &json!(-32022)),
        "{result}"
    );
    assert!(result["error"]["data"]["supported"].is_array(), "{result}");
}

#[actix_web::test]
async fn there_is_one_tool_and_it_says_what_it_is() {
    let service = Service::start(&[]);
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (_, first) = answer(service.post(&list)).await;
    let (_, second) = answer(service.post(&list)).await;
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
    assert_eq!(tool["annotations"]["destructiveHint"], false);
    assert_eq!(tool["annotations"]["idempotentHint"], true);
    // Plain schemas: some clients take no references.
    let output = &tool["outputSchema"];
    assert!(!tool.to_string().contains("$ref"), "{tool}");
    for name in [
        "url",
        "status",
        "content",
        "truncated",
        "total_characters",
        "warning",
    ] {
        assert!(
            output["required"]
                .as_array()
                .unwrap()
                .contains(&json!(name)),
            "{name}"
        );
    }
    assert!(
        !output["required"]
            .as_array()
            .unwrap()
            .contains(&json!("next_start_index"))
    );
}

#[actix_web::test]
async fn there_are_no_sessions_to_get_or_delete() {
    let service = Service::start(&[]);
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let request = service
            .request(method.clone())
            .header("Accept", "text/event-stream");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "POST");
    }
}

#[actix_web::test]
async fn the_path_answers_with_and_without_a_slash() {
    let mut service = Service::start(&[]);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    service.url += "/";
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 200);
    service.url += "more";
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 404);
}
