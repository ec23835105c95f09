//! `forward-auth`: the verifier as a process of its own; `forward-auth healthcheck` asks it.

mod remote_keys;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_web::web::ServiceConfig;
use app_shell::health::{self, Ready};
use app_shell::metrics::{self, RequestCount};
use app_shell::serve::{HttpService, Routes, serve};
use app_shell::settings::Settings;
use app_shell::telemetry::{self, LogFormat, Telemetry};
use app_shell::tls::Tls;
use app_shell::traces::{self, TraceSettings, Traces};
use app_shell::{healthcheck, listener, reload, shutdown};
use async_trait::async_trait;
use forward_auth::config::{self, TLS_LISTEN_ADDRESS, VerifierConfig};
use forward_auth::http::AssertionKeys;
use forward_auth::tally::{State, Tally};
use forward_auth::unretired::Unretired;
use forward_auth::verifier::Parts;
use forward_auth::{Verifier, journal, routes};
use prometheus::Registry;
use token_core::admission::Admission;
use token_core::assertion::AssertionSigner;
use token_core::audit::{People, Program, Recorder};
use token_core::live::Live;
use token_core::store::TokenUses;
use token_core::{Clock as _, SystemClock};
use token_store::{Heard, MISSING, RedisActiveTokens, RedisSettings, Trail};
use tracing::level_filters::LevelFilter;

use crate::remote_keys::RemoteKeys;

const LISTEN_ADDRESS: &str = "LISTEN_ADDRESS";

fn main() -> ExitCode {
    let own = [LISTEN_ADDRESS];
    let known = [
        &own[..],
        &config::SETTINGS,
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
    app_shell::run("forward-auth", run(settings, known, address))
}

async fn run(
    mut settings: Settings,
    known: Vec<&'static str>,
    address: SocketAddr,
) -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Json, LevelFilter::INFO);
    let traces = TraceSettings::from_settings(&mut settings);
    let metrics_address = metrics::address(&mut settings);
    let config = VerifierConfig::from_settings(&mut settings);
    let mut config = settings.finish_with(|| config)?;
    telemetry.start()?;

    let registry = metrics::registry("forward-auth", SystemClock.now().0)?;
    let traces = Traces::start(traces, "forward-auth", &registry)?;
    let requests = RequestCount::register(&registry, "forward-auth")?;
    let https = config.https.take();
    let assertion_keys = AssertionKeys(config.assertion_keys.keys());
    let (verifier, tokens, trail) = verifier(config, known, &registry)?;
    let verifier = Arc::new(verifier);
    let lost = trail.clone();
    metrics::asked(&registry, MISSING.0, MISSING.1, move || lost.missing())?;
    let uses: Arc<dyn TokenUses> = Arc::new(tokens);
    tokio::spawn(journal::keep(Arc::clone(&verifier), Arc::clone(&uses)));
    let last_words = Arc::clone(&verifier);
    registry.register(Box::new(State::of(&verifier)?))?;
    let ready: Arc<dyn Ready> = Arc::new(CanDecide(Arc::clone(&verifier)));
    let endpoints = routes(verifier, assertion_keys, traces.clone());
    let routes: Routes = Arc::new(move |config: &mut ServiceConfig| {
        health::routes(config, Arc::clone(&ready));
        endpoints(config);
    });
    let service = |listener: TcpListener, tls: Option<Tls>| HttpService {
        name: "forward-auth",
        listeners: vec![listener],
        tls,
        routes: Arc::clone(&routes),
        workers: available_parallelism().map_or(1, usize::from),
        requests: Some(requests.clone()),
    };
    let mut services = vec![service(listener::bind(LISTEN_ADDRESS, address)?, None)];
    if let Some(https) = https {
        let tls = Tls::new(&https.certificate, &registry)?;
        let listener = listener::bind(TLS_LISTEN_ADDRESS, https.address)?;
        services.push(service(listener, Some(tls)));
        https.certificate.follow();
    }
    if let Some(address) = metrics_address {
        services.push(metrics::service(address, registry)?);
    }
    serve(services, shutdown::stop_signal()?).await?;
    journal::finish(&last_words, uses.as_ref()).await;
    trail.finish().await;
    traces.finish().await;
    Ok(())
}

fn verifier(
    config: VerifierConfig,
    known: Vec<&'static str>,
    registry: &Registry,
) -> Result<(Verifier, RedisActiveTokens, Trail), Box<dyn Error>> {
    let assertion_keys = config.assertion_keys.keys();
    config.assertion_keys.follow();
    let heard = Heard {
        freshness: Arc::default(),
        retired_keys: Arc::default(),
        reload: Arc::default(),
    };
    let redis = RedisSettings {
        url: config.redis_url,
        password: config.redis_password,
    };
    let tokens = RedisActiveTokens::connect(&redis, heard.clone(), Arc::new(SystemClock))?;
    let people = People::named(config.naming, None)?;
    let recorder = Recorder::new(Program::ForwardAuth, people, Arc::new(SystemClock));
    let recorder = recorder.counted_by(Arc::new(metrics::event_count(registry)?));
    let tally = Tally::register(registry)?;
    let trail = Trail::start(recorder, Arc::new(tokens.clone()), config.keep);
    let admission = Arc::new(Live::new(config.admission));
    let list = Arc::clone(&admission);
    reload::follow(heard.reload, move || read_again(&known, &list))?;
    let parts = Parts {
        assertions: AssertionSigner::new(config.issuer.clone(), assertion_keys),
        issuer: config.issuer,
        services: config.services,
        admission,
        keys: Arc::new(Unretired {
            published: RemoteKeys::at(config.jwks_url)?,
            retired: heard.retired_keys,
        }),
        tokens: Arc::new(tokens.clone()),
        freshness: heard.freshness,
        audit: Arc::new(trail.clone()),
        clock: Arc::new(SystemClock),
    };
    Ok((Verifier::new(parts, config.memory, tally), tokens, trail))
}

/// Who may come in, at a reload. A list that is not in order changes nothing: the last good one
/// stays.
fn read_again(known: &[&'static str], admission: &Live<Admission>) {
    let mut settings = Settings::load(known, None);
    let now = config::admission(&mut settings);
    match settings.finish_with(|| now) {
        Ok(now) => {
            admission.replace(now);
            tracing::info!("who may come in was read again");
        }
        Err(error) => tracing::error!(%error, "the last good list of who may come in stays"),
    }
}

/// Ready once the keys are known and the store answers.
struct CanDecide(Arc<Verifier>);

#[async_trait]
impl Ready for CanDecide {
    async fn check(&self) -> Result<(), &'static str> {
        self.0
            .parts
            .keys
            .current()
            .ok_or("the keys of auth-service")?;
        self.0.parts.tokens.ping().await.map_err(|_| "the store")
    }
}
