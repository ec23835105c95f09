//! `fetch-service`: the MCP server as a process of its own; `fetch-service healthcheck` asks it.
//! It starts itself as `fetch-service convert-pdf`, for each PDF.

mod remote_keys;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_web::web::{self, ServiceConfig};
use app_shell::health::{self, Ready};
use app_shell::metrics::{self, RequestCount};
use app_shell::request_log::request_log;
use app_shell::serve::{HttpService, serve};
use app_shell::settings::Settings;
use app_shell::telemetry::{self, LogFormat, Telemetry};
use app_shell::traces::{self, TraceSettings, Traces};
use app_shell::{healthcheck, listener, shutdown};
use fetch_service::{
    CONVERT_PDF, FetchConfig, FetchState, call_count, config, convert_pdf, routes,
};
use token_core::audit::{AuditLog, Naming, People, Program, Recorder};
use token_core::{Clock as _, SystemClock};
use tracing::level_filters::LevelFilter;
use url::Url;

use crate::remote_keys::RemoteKeys;

const LISTEN_ADDRESS: &str = "LISTEN_ADDRESS";
const AUDIT_USERS: &str = "AUDIT_USERS";
const KEYS_URL: &str = "ASSERTION_JWKS_URL";

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    if command.as_deref() == Some(CONVERT_PDF) {
        return convert_pdf();
    }
    let mut settings = Settings::load(&known_settings(), None);
    let default = SocketAddr::from(([0, 0, 0, 0], 8000));
    let address = settings.parsed(LISTEN_ADDRESS, default, "an address such as 0.0.0.0:8000");
    if command.as_deref() == Some("healthcheck") {
        return healthcheck::run(address);
    }
    app_shell::run("fetch-service", run(settings, address))
}

fn known_settings() -> Vec<&'static str> {
    let own = [LISTEN_ADDRESS, KEYS_URL, AUDIT_USERS];
    [
        &own[..],
        &config::SETTINGS,
        &config::OWN_SETTINGS,
        &metrics::SETTINGS,
        &telemetry::SETTINGS,
        &traces::SETTINGS,
    ]
    .concat()
}

async fn run(mut settings: Settings, address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Json, LevelFilter::INFO);
    let traces = TraceSettings::from_settings(&mut settings);
    let metrics_address = metrics::address(&mut settings);
    let config = FetchConfig::from_settings(&mut settings);
    settings.required(
        KEYS_URL,
        "set it to where forward-auth publishes its assertion keys",
    );
    let keys = settings.parse_secret_with(KEYS_URL, Url::parse);
    let naming = settings.parse_with(AUDIT_USERS, Naming::parse);
    let (config, keys) = settings.finish_with(|| Some((config?, keys?)))?;
    telemetry.start()?;

    let registry = metrics::registry("fetch-service", SystemClock.now().0)?;
    let traces = Traces::start(traces, "fetch-service", &registry)?;
    let requests = RequestCount::register(&registry, "fetch-service")?;
    let listeners = vec![listener::bind(LISTEN_ADDRESS, address)?];
    let keys = RemoteKeys::at(keys)?;
    let people = People::named(naming.unwrap_or_default(), None)?;
    let recorder = Recorder::new(Program::FetchService, people, Arc::new(SystemClock));
    let recorder = recorder.counted_by(Arc::new(metrics::event_count(&registry)?));
    let state = Arc::new(FetchState::new(
        config,
        Arc::new(keys),
        Arc::new(SystemClock),
        Arc::new(AuditLog(recorder)),
        call_count(&registry)?,
    )?);
    let ready: Arc<dyn Ready> = Arc::clone(&state) as _;
    let mcp = routes(state);
    let spans = traces.clone();
    let service = HttpService {
        name: "fetch-service",
        listeners,
        tls: None,
        routes: Arc::new(move |config: &mut ServiceConfig| {
            health::routes(config, Arc::clone(&ready));
            config.service(
                web::scope("")
                    .wrap(request_log())
                    .wrap(spans.requests())
                    .configure(mcp.clone()),
            );
        }),
        workers: available_parallelism().map_or(1, usize::from),
        requests: Some(requests),
    };
    let mut services = vec![service];
    if let Some(address) = metrics_address {
        services.push(metrics::service(address, registry)?);
    }
    serve(services, shutdown::stop_signal()?).await?;
    traces.finish().await;
    Ok(())
}
