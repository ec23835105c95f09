//! Clients of both eras of the protocol (2025-03-26 to 2025-11-25, and 2026-07-28), from their first
//! request to a page.

use serde_json::{Value, json};

use crate::support::{MODERN, Service, answer, modern, site};

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
