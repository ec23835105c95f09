//! The service as routes: state once, then one path in two spellings.

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use app_shell::health::Ready;
use async_trait::async_trait;
use egress::{BuildError, EgressClient, Limits};
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use token_core::Clock;
use token_core::assertion::AssertionVerifier;
use token_core::audit::AuditSink;
use token_core::keys::VerificationKeySource;

use crate::bridge::{self, McpService};
use crate::config::{AllowedOrigins, FetchConfig};
use crate::converter::Converter;
use crate::identity::Gate;
use crate::server::FetchServer;

/// Bytes of a request's body; a call of the tool has a few hundred.
const BODY_LIMIT: usize = 64 * 1024;

/// All that answering needs; made once, shared by all workers.
pub struct FetchState {
    gate: Gate,
    mcp: McpService,
    path: String,
}

impl FetchState {
    /// `keys` are the public keys of the verifier's assertions; what the guard refuses goes to
    /// `audit`.
    ///
    /// # Errors
    /// The outbound client cannot be built: no CA certificates.
    pub fn new(
        config: FetchConfig,
        keys: Arc<dyn VerificationKeySource>,
        clock: Arc<dyn Clock>,
        audit: Arc<dyn AuditSink>,
    ) -> Result<Self, BuildError> {
        let version = env!("CARGO_PKG_VERSION");
        // Whom to turn to: the gateway, where it has an address that others can reach.
        let contact = Some(&config.issuer).filter(|issuer| !issuer.is_plain_http());
        let contact = contact.map(|issuer| format!(" (+{})", issuer.as_str()));
        let user_agent = format!("mcp-fetch/{version}{}", contact.unwrap_or_default());
        let server = FetchServer {
            egress: Arc::new(EgressClient::new(
                config.egress,
                Limits::default(),
                &user_agent,
            )?),
            converter: Converter::new(),
            audit,
        };
        let path = config.resource.path().to_owned();
        let transport = transport_config(&config.resource, config.origins);
        let sessions = Arc::new(NeverSessionManager::default());
        Ok(Self {
            gate: Gate {
                verifier: AssertionVerifier::new(config.issuer, config.resource),
                keys,
                clock,
            },
            mcp: McpService::new(move || Ok(server.clone()), sessions, transport),
            path,
        })
    }
}

/// Stateless in both eras, so that replicas share nothing.
fn transport_config(
    resource: &token_core::ResourceId,
    origins: AllowedOrigins,
) -> StreamableHttpServerConfig {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_LIMIT)
        .with_allowed_hosts([resource.host(), "localhost", "127.0.0.1", "::1"]);
    match origins {
        AllowedOrigins::Any => config,
        AllowedOrigins::These(origins) => config
            .with_allowed_origins(origins)
            .enforce_origin_validation(),
    }
}

/// Ready once the verifier's keys are known.
#[async_trait]
impl Ready for FetchState {
    async fn check(&self) -> Result<(), &'static str> {
        let keys = self.gate.keys.current();
        keys.map(|_| ()).ok_or("the keys of forward-auth")
    }
}

/// Adds the resource's path, with and without a trailing slash.
pub fn routes(state: Arc<FetchState>) -> impl Fn(&mut ServiceConfig) + Clone + Send + Sync {
    move |config| {
        let state = web::Data::from(Arc::clone(&state));
        let path = state.path.clone();
        config.service(
            web::resource([path.clone(), format!("{path}/")])
                .app_data(state)
                .to(answer),
        );
    }
}

async fn answer(
    request: HttpRequest,
    body: web::Payload,
    state: web::Data<FetchState>,
) -> Result<HttpResponse, actix_web::Error> {
    let identity = state.gate.identify(request.headers())?;
    let Ok(body) = body.to_bytes_limited(BODY_LIMIT).await else {
        return Ok(HttpResponse::PayloadTooLarge().finish());
    };
    Ok(bridge::answer(&state.mcp, identity, &request, body?).await)
}
