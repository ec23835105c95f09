//! The service as routes: state once, then one path in two spellings.

use std::error::Error;
use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use app_shell::health::Ready;
use app_shell::metrics::{self, Registry};
use async_trait::async_trait;
use egress::{BuildError, EgressClient};
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use token_core::Clock;
use token_core::assertion::AssertionVerifier;
use token_core::audit::AuditSink;
use token_core::keys::VerificationKeySource;

use crate::bridge::{self, McpService};
use crate::calls::Calls;
use crate::config::{AllowedOrigins, FetchConfig};
use crate::converter::Converter;
use crate::identity::Gate;
use crate::pages::Pages;
use crate::quota::Quota;
use crate::robots::{PRODUCT, Robots};
use crate::server::{CallCount, FetchServer};
use crate::visit::{Readings, Visitor};

/// Bytes of a request's body; a call of the tool has a few hundred.
const BODY_LIMIT: usize = 64 * 1024;

/// Counts calls of the tool by how they ended, as `gateway_fetch_calls_total`.
///
/// # Errors
/// It is registered already.
pub fn call_count(registry: &Registry) -> Result<CallCount, Box<dyn Error>> {
    let help = "Calls of the fetch tool, by how they ended.";
    let counter = metrics::counter(registry, "gateway_fetch_calls_total", help, ["outcome"])?;
    Ok(Arc::new(move |outcome: &str| counter([outcome])))
}

/// All that answering needs; made once, shared by all workers.
pub struct FetchState {
    gate: Gate,
    mcp: McpService,
    calls: Calls,
    path: String,
}

impl FetchState {
    /// `keys` are the public keys of the verifier's assertions; what the guard refuses goes to
    /// `audit`, and how each call ended to `counted`.
    ///
    /// # Errors
    /// The outbound client cannot be built: no CA certificates.
    pub fn new(
        config: FetchConfig,
        keys: Arc<dyn VerificationKeySource>,
        clock: Arc<dyn Clock>,
        audit: Arc<dyn AuditSink>,
        counted: CallCount,
    ) -> Result<Self, BuildError> {
        let user_agent = user_agent(&config);
        let egress = EgressClient::new(config.egress, egress::Limits::default(), &user_agent)?;
        let fetching = config.fetching;
        let obeys = fetching.obeys_robots;
        let robots = obeys.then(|| Robots::new(&egress, Arc::clone(&clock)));
        let (pages, readings) = (fetching.memory / 3 * 2, fetching.memory / 3);
        let calls = Calls::default();
        let server = FetchServer {
            calls: calls.clone(),
            counted,
            visitor: Arc::new(Visitor {
                pages: Pages::new(egress, robots, Arc::clone(&clock), pages),
                quota: Quota::new(fetching.quota),
                converter: Converter::new(),
                pdfs: config.pdfs,
                readings: Readings::within(readings),
                audit,
            }),
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
            calls,
            path,
        })
    }
}

/// Who we are and whom to turn to: where the operator says nothing, the gateway itself, if it has an
/// address that others can reach.
fn user_agent(config: &FetchConfig) -> String {
    let contact = config.fetching.contact.as_ref().map(url::Url::as_str);
    let issuer = Some(&config.issuer).filter(|issuer| !issuer.is_plain_http());
    let contact = contact.or(issuer.map(token_core::Issuer::as_str));
    let contact = contact.map(|contact| format!(" (+{contact})"));
    let version = env!("CARGO_PKG_VERSION");
    format!("{PRODUCT}/{version}{}", contact.unwrap_or_default())
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
    Ok(bridge::answer(&state.mcp, &state.calls, identity, &request, body?).await)
}
