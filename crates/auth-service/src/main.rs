//! `auth-service`: the authorization server as a process of its own; `auth-service healthcheck`
//! asks it.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::Service as _;
use actix_web::web::{self, ServiceConfig};
use app_shell::health::{self, Ready};
use app_shell::metrics::{self, Registry, RequestCount};
use app_shell::request_log::request_log;
use app_shell::serve::{HttpService, serve};
use app_shell::settings::Settings;
use app_shell::telemetry::{self, LogFormat, Telemetry, lines_together};
use app_shell::traces::{self, TraceSettings, Traces};
use app_shell::{healthcheck, listener, reload, shutdown};
use async_trait::async_trait;
use auth_service::config::{self, AuthConfig};
use auth_service::flows::Sealing;
use auth_service::flows::clients::Clients;
use auth_service::flows::device_authorization::UserCodeAttempts;
use auth_service::flows::discoveries::Discoveries;
use auth_service::identity::IdentityProvider;
use auth_service::identity::github::GitHub;
use auth_service::remote_client::GuardedRemote;
use auth_service::{Context, renewal, routes, trusted_provider};
use mimalloc::MiMalloc;
use token_core::admission::Admission;
use token_core::audit::{People, Program, Recorder};
use token_core::keys::LiveKeys;
use token_core::live::Live;
use token_core::{Clock as _, SystemClock, SystemEntropy};
use token_store::{MISSING, RedisSettings, RedisStore, Trail};
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;

/// The system's takes twice as long for what a request allocates.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const LISTEN_ADDRESS: &str = "LISTEN_ADDRESS";

/// How often the store is asked for announcements of the operator.
const ANNOUNCEMENTS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let own = [LISTEN_ADDRESS];
    let known = [
        &own[..],
        &config::SETTINGS,
        &config::OWN_SETTINGS,
        &metrics::SETTINGS,
        &telemetry::SETTINGS,
        &traces::SETTINGS,
    ]
    .concat();
    let mut settings = Settings::load(&known, None);
    let default = SocketAddr::from(([0, 0, 0, 0], 8000));
    let address = settings.parsed(LISTEN_ADDRESS, default, "an address such as 0.0.0.0:8000");
    if std::env::args().nth(1).as_deref() == Some("healthcheck") {
        return healthcheck::run(address);
    }
    app_shell::run("auth-service", run(settings, known, address))
}

async fn run(
    mut settings: Settings,
    known: Vec<&'static str>,
    address: SocketAddr,
) -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Json, LevelFilter::INFO);
    let traces = TraceSettings::from_settings(&mut settings);
    let metrics_address = metrics::address(&mut settings);
    let config = AuthConfig::from_settings(&mut settings);
    let config = settings.finish_with(|| config)?;
    telemetry.start()?;

    let registry = metrics::registry("auth-service", SystemClock.now().0)?;
    let traces = Traces::start(traces, "auth-service", &registry)?;
    let requests = RequestCount::register(&registry, "auth-service")?;
    let listeners = vec![listener::bind(LISTEN_ADDRESS, address)?];
    let (context, trail) = context(config, known, &registry)?;
    let context = Arc::new(context);
    tokio::spawn(renewal::keep(Arc::clone(&context)));
    let lost = trail.clone();
    metrics::asked(&registry, MISSING.0, MISSING.1, move || lost.missing())?;
    let ready: Arc<dyn Ready> = Arc::new(StoreAnswers(Arc::clone(&context)));
    let endpoints = routes(context);
    let spans = traces.clone();
    let service = HttpService {
        name: "auth-service",
        listeners,
        tls: None,
        routes: Arc::new(move |config: &mut ServiceConfig| {
            health::routes(config, Arc::clone(&ready));
            config.service(
                web::scope("")
                    .wrap(request_log())
                    .wrap(spans.requests())
                    .wrap_fn(|request, service| lines_together(service.call(request)))
                    .configure(endpoints.clone()),
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
    trail.finish().await;
    traces.finish().await;
    Ok(())
}

fn context(
    config: AuthConfig,
    known: Vec<&'static str>,
    registry: &Registry,
) -> Result<(Context, Trail), Box<dyn Error>> {
    let store = RedisStore::connect(&RedisSettings {
        url: config.redis_url,
        password: config.redis_password,
    })?;
    let steps = metrics::durations(
        registry,
        "gateway_store_seconds",
        "How long a step in the store took.",
    )?;
    let store = store.watched_by(Arc::new(move |took, answered| {
        steps(took, if answered { "answered" } else { "failed" });
        traces::answered("store step", took, answered);
    }));
    let keys = config.keys.live();
    key_age(registry, Arc::clone(&keys))?;
    let people = People::named(config.audit.naming, Some(&config.root_secret))?;
    let recorder = Recorder::new(Program::AuthService, people, Arc::new(SystemClock));
    let recorder = recorder.counted_by(Arc::new(metrics::event_count(registry)?));
    let trail = Trail::start(recorder, Arc::new(store.clone()), config.audit.keep);
    let admission = Arc::new(Live::new(Admission {
        github: Some(config.allowed_users),
        local: false,
        vouched_for: config.id_jag.is_some(),
    }));
    let (list, announced) = (Arc::clone(&admission), Arc::new(Notify::new()));
    tokio::spawn(hear_announcements(store.clone(), Arc::clone(&announced)));
    reload::follow(announced, move || read_again(&known, &list))?;
    let remote = GuardedRemote::new(
        &config.issuer,
        &config.services,
        config.egress_proxy,
        Arc::new(trail.clone()),
    )?;
    let github = GitHub::new(config.github, &config.issuer)?;
    let context = Context {
        sealing: Sealing::derive(&config.root_secret)?,
        admission,
        id_jag: config.id_jag.map(trusted_provider::start).transpose()?,
        identity: IdentityProvider::Upstream(Box::new(github)),
        issuer: config.issuer,
        services: config.services,
        clients: Clients::new(config.clients, Arc::new(remote)),
        lifetimes: config.lifetimes,
        keys,
        discoveries: Discoveries::default(),
        user_code_attempts: UserCodeAttempts::default(),
        store: Arc::new(store),
        audit: Arc::new(trail.clone()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::new()),
    };
    Ok((context, trail))
}

/// `gateway_signing_key_age_seconds`; the key of a setting has no age.
fn key_age(registry: &Registry, keys: Arc<LiveKeys>) -> Result<(), Box<dyn Error>> {
    let help = "For how long the active key has signed access tokens.";
    let since = move || keys.signing().active_since;
    if since().is_none() {
        return Ok(());
    }
    let age = move || since().map_or(0, |since| SystemClock.now().0.saturating_sub(since.0));
    metrics::asked(registry, "gateway_signing_key_age_seconds", help, age)?;
    Ok(())
}

/// Tells of each reload that is announced in the store, a second or two later. (The verifiers are
/// told at once; this process asks them nothing.)
async fn hear_announcements(store: RedisStore, announced: Arc<Notify>) {
    let mut known = None;
    loop {
        if let Ok(number) = store.reloads_announced().await
            && known.replace(number).is_some_and(|before| before != number)
        {
            announced.notify_one();
        }
        tokio::time::sleep(ANNOUNCEMENTS).await;
    }
}

/// Who may come in, at a reload. A list that is not in order changes nothing: the last good one
/// stays.
fn read_again(known: &[&'static str], admission: &Live<Admission>) {
    let mut settings = Settings::load(known, None);
    let allowed = config::allowed_users(&mut settings);
    match settings.finish_with(|| allowed) {
        Ok(allowed) => {
            let before = admission.current().as_ref().clone();
            admission.replace(Admission {
                github: Some(allowed),
                ..before
            });
            tracing::info!("who may come in was read again");
        }
        Err(error) => tracing::error!(%error, "the last good list of who may come in stays"),
    }
}

/// Ready once the store answers.
struct StoreAnswers(Arc<Context>);

#[async_trait]
impl Ready for StoreAnswers {
    async fn check(&self) -> Result<(), &'static str> {
        self.0.store.ping().await.map_err(|_| "the store")
    }
}
