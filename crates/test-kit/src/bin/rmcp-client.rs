//! rmcp's own OAuth client, unmodified, against a gateway: discovery, registration, the browser
//! steps, tokens, `tools/list`, `tools/call fetch`, a refresh after the access token went bad, and
//! the same in the other protocol era. `clients/README.md` tells the settings.
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::process::Command;
use std::sync::Arc;

use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationManager, AuthorizationRequest, CredentialStore as _,
    InMemoryCredentialStore, OAuthState, default_oauth_http_client,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

const REDIRECT_URI: &str = "http://127.0.0.1:33411/callback";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a provider is installed already")?;
    let mcp_url = setting("MCP_URL")?;
    let store = InMemoryCredentialStore::new();

    let manager = authorize(&mcp_url, &store).await?;
    let client = AuthClient::new(http_client()?, manager);
    call(&mcp_url, client.clone(), ClientLifecycleMode::Initialize).await?;

    let before = spoil_access_token(&store).await?;
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    call(
        &mcp_url,
        client,
        ClientLifecycleMode::Discover { preferred_versions },
    )
    .await?;
    if refresh_token(&store).await? == before {
        return Err("the refresh token did not rotate".into());
    }
    println!("refreshed: a new pair after the access token was refused");
    Ok(())
}

/// Discovery, registration, browser steps and the code exchange, all by rmcp.
async fn authorize(
    mcp_url: &str,
    store: &InMemoryCredentialStore,
) -> Result<AuthorizationManager, Failure> {
    // The filtering client of `AuthorizationManager::new` refuses an authorization server whose
    // name resolves to loopback, which is where a test has it.
    let oauth_http = Arc::new(default_oauth_http_client()?);
    let mut manager = AuthorizationManager::new_with_oauth_http_client(mcp_url, oauth_http).await?;
    manager.set_credential_store(store.clone());
    let mut oauth = OAuthState::Unauthorized(manager);
    let request = AuthorizationRequest::new(REDIRECT_URI)
        .with_client_name("rmcp test client")
        .with_initial_scope_selection();
    oauth.start_authorization(request).await?;
    println!("discovered and registered");
    let callback = browser_steps(&oauth.get_authorization_url().await?)?;
    println!("browser steps done");
    oauth.handle_callback_url(&callback).await?;
    println!("tokens received");
    Ok(oauth.into_authorization_manager().ok_or("not authorized")?)
}

/// Lists the tools, fetches the page and looks for its sentence.
async fn call(
    mcp_url: &str,
    client: AuthClient<reqwest::Client>,
    lifecycle: ClientLifecycleMode,
) -> Result<(), Failure> {
    let era = format!("{lifecycle:?}");
    let config = StreamableHttpClientTransportConfig::with_uri(mcp_url);
    let transport = StreamableHttpClientTransport::with_client(client, config);
    let service = ().serve_with_lifecycle(transport, lifecycle).await?;
    let tools = service.list_all_tools().await?;
    if !tools.iter().any(|tool| tool.name == "fetch") {
        return Err("tools/list has no fetch".into());
    }
    println!("tools/list has fetch ({era})");
    let arguments = json!({ "url": setting("PAGE_URL")? });
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let result = service
        .call_tool(CallToolRequestParams::new("fetch").with_arguments(arguments))
        .await?;
    if !serde_json::to_string(&result)?.contains(&setting("PAGE_SENTENCE")?) {
        return Err(format!("the page is not in the result: {result:?}").into());
    }
    println!("tools/call fetch returned the page ({era})");
    service.cancel().await?;
    Ok(())
}

/// Replaces the stored access token by one that no server issued; returns the refresh token.
async fn spoil_access_token(store: &InMemoryCredentialStore) -> Result<String, Failure> {
    let refresh_token = refresh_token(store).await?;
    let mut stored = store.load().await?.ok_or("nothing is stored")?;
    let spoilt = json!({
        "access_token": "spoilt",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": refresh_token,
    });
    stored.token_response = Some(serde_json::from_value(spoilt)?);
    store.save(stored).await?;
    Ok(refresh_token)
}

async fn refresh_token(store: &InMemoryCredentialStore) -> Result<String, Failure> {
    let stored = store.load().await?.ok_or("nothing is stored")?;
    let tokens = serde_json::to_value(stored.token_response)?;
    let refresh_token = tokens.get("refresh_token").and_then(|token| token.as_str());
    Ok(refresh_token.ok_or("no refresh token")?.to_owned())
}

/// The person's part, by the same script that serves the other clients.
fn browser_steps(authorization_url: &str) -> Result<String, Failure> {
    let output = Command::new("node")
        .args([
            setting("BROWSER_STEPS")?.as_str(),
            authorization_url,
            REDIRECT_URI,
        ])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the browser steps failed".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn http_client() -> Result<reqwest::Client, Failure> {
    let no_redirects = reqwest::redirect::Policy::none();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .redirect(no_redirects)
        .build()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test program, not a service with settings"
)]
fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}
