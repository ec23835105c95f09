//! `gateway serve`: every service in one process on one loopback origin.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::guard;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use app_shell::health::{self, AlwaysReady, Ready};
use app_shell::metrics::{self, RequestCount};
use app_shell::request_log::request_log;
use app_shell::serve::HttpService;
use app_shell::traces::Traces;
use app_shell::{listener, security_headers, shutdown};
use auth_service::flows::Sealing;
use auth_service::flows::clients::Clients;
use auth_service::flows::device_authorization::UserCodeAttempts;
use auth_service::flows::discoveries::Discoveries;
use auth_service::identity::IdentityProvider;
use auth_service::identity::github::GitHub;
use auth_service::identity::local::LocalProvider;
use auth_service::remote_client::GuardedRemote;
use auth_service::{Context, renewal, trusted_provider};
use clap::Args;
use fetch_service::FetchState;
use forward_auth::Verifier;
use forward_auth::journal;
use forward_auth::tally::Tally;
use forward_auth::verifier::Parts;
use prometheus::Registry;
use token_core::admission::{Admission, AllowedUsers};
use token_core::assertion::AssertionSigner;
use token_core::audit::{People, Program, Recorder};
use token_core::keys::LiveKeys;
use token_core::live::Live;
use token_core::store::TokenUses;
use token_core::{Clock, Entropy, Seconds, SystemClock, SystemEntropy, assertion};
use token_store::key_directory::FollowedKeys;
use token_store::{MISSING, SqliteStore, Trail};

use crate::data_directory::DataDirectory;
use crate::edge::{Edge, only_our_host};
use crate::key_keeper::{self, KeyKeeper};
use crate::key_schedule;
use crate::passphrase;
use crate::serve_config::{self, ServeConfig};
use crate::start_page::{SignIn, StartPage};

/// One person's requests, and the event loop of the fetch tool: two are plenty.
const WORKERS: usize = 2;

/// What the verifier remembers, in bytes: the tokens of one person.
const VERIFIER_MEMORY: u64 = 2 << 20;

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Port on localhost [default: 8080] (setting: `GATEWAY_PORT`)
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Where clients, tokens and keys are kept [default: ./data] (setting: `GATEWAY_DATA_DIR`)
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
}

pub(crate) async fn run(arguments: ServeArguments) -> Result<(), Box<dyn Error>> {
    let (mut config, telemetry) = ServeConfig::load(&arguments)?;
    let listeners = listen(config.port, config.listen_ip)?;
    let data = DataDirectory::open(config.data_directory.clone())?;
    telemetry.start()?;
    let registry = metrics::registry("gateway", SystemClock.now().0)?;
    let built = Single::build(&mut config, &data, &registry, listeners)?;
    let page = StartPage {
        issuer: &config.issuer,
        resource: &config.resource,
        data: &data,
        sign_in: built.sign_in,
    };
    page.print();

    let mut services = vec![built.service];
    if let Some(address) = config.metrics {
        services.push(metrics::service(address, registry)?);
    }
    app_shell::serve::serve(services, shutdown::stop_signal()?).await?;
    built.written.finish().await;
    built.traces.finish().await;
    Ok(())
}

/// All of it in one HTTP service.
pub(crate) struct Single {
    pub(crate) service: HttpService,
    pub(crate) written: Written,
    traces: Traces,
    sign_in: SignIn,
}

impl Single {
    /// Needs a running runtime: what follows keys and writes the trail goes on beside it.
    pub(crate) fn build(
        config: &mut ServeConfig,
        data: &DataDirectory,
        registry: &Registry,
        listeners: Vec<TcpListener>,
    ) -> Result<Self, Box<dyn Error>> {
        let traces = Traces::start(config.traces.take(), "gateway", registry)?;
        let requests = RequestCount::register(registry, "gateway")?;
        let (services, written, sign_in) = build(config, data, registry)?;
        let lost = written.trail.clone();
        metrics::asked(registry, MISSING.0, MISSING.1, move || lost.missing())?;
        let (issuer, spans) = (config.issuer.clone(), traces.clone());
        let edge = Arc::new(Edge {
            verifier: Arc::clone(&services.verifier),
            resource: config.resource.clone(),
            origins: config.origins.clone(),
        });
        let service = HttpService {
            name: "gateway",
            listeners,
            tls: None,
            routes: Arc::new(move |config: &mut ServiceConfig| {
                health::routes(config, Arc::new(AlwaysReady) as Arc<dyn Ready>);
                let issuer = issuer.clone();
                let guarded = web::scope("")
                    .wrap(from_fn(move |request, next| {
                        only_our_host(issuer.clone(), request, next)
                    }))
                    .wrap(from_fn(security_headers::set))
                    .wrap(request_log())
                    .wrap(spans.requests())
                    .configure(|config| routes(config, &services, &edge));
                config.service(guarded);
            }),
            workers: WORKERS,
            requests: Some(requests),
        };
        Ok(Self {
            service,
            written,
            traces,
            sign_in,
        })
    }
}

/// The services over one store, as [`routes`] needs them.
struct BuiltServices {
    context: Arc<Context>,
    verifier: Arc<Verifier>,
    fetch: Arc<FetchState>,
}

/// What is still to be written when the process ends.
pub(crate) struct Written {
    verifier: Arc<Verifier>,
    uses: Arc<dyn TokenUses>,
    trail: Trail,
}

impl Written {
    /// Writes it.
    pub(crate) async fn finish(self) {
        journal::finish(&self.verifier, self.uses.as_ref()).await;
        self.trail.finish().await;
    }
}

fn routes(config: &mut ServiceConfig, services: &BuiltServices, edge: &Arc<Edge>) {
    let path = edge.resource.path().to_owned();
    let edge = Arc::clone(edge);
    let mcp = web::scope("")
        .guard(guard::fn_guard(move |request| {
            let asked = request.head().uri.path();
            asked == path || asked.strip_suffix('/') == Some(&path)
        }))
        .wrap(from_fn(move |request, next| {
            Arc::clone(&edge).guard(request, next)
        }))
        .configure(fetch_service::routes(Arc::clone(&services.fetch)));
    config
        .app_data(web::Data::from(Arc::clone(&services.verifier)))
        .service(mcp)
        .configure(forward_auth::http::metadata_routes)
        .configure(auth_service::routes(Arc::clone(&services.context)));
}

fn build(
    config: &mut ServeConfig,
    data: &DataDirectory,
    registry: &Registry,
) -> Result<(BuiltServices, Written, SignIn), Box<dyn Error>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let store = Arc::new(SqliteStore::open(data.store())?);
    let root_secret = match config.root_secret.take() {
        Some(own) => own,
        None => data.root_secret(entropy.as_ref())?,
    };
    let people = People::named(config.audit.naming, Some(&root_secret))?;
    let recorder = Recorder::new(Program::Gateway, people, Arc::clone(&clock));
    let recorder = recorder.counted_by(Arc::new(metrics::event_count(registry)?));
    let trail = Trail::start(recorder, Arc::clone(&store) as _, config.audit.keep);
    let (keys, assertion_keys) = keys(config, data, &clock)?;
    let (identity, admission, sign_in) = identity(config, entropy.as_ref())?;
    let admission = Arc::new(Live::new(admission));
    let services = serve_config::services(config.resource.clone());
    let services = services.ok_or("the service has no name")?;

    let parts = Parts {
        issuer: config.issuer.clone(),
        services: services.clone(),
        admission: Arc::clone(&admission),
        keys: Arc::clone(&keys) as _,
        tokens: Arc::clone(&store) as _,
        // Nobody tells of changes: the store is in this process, and asked each time.
        freshness: Arc::default(),
        assertions: AssertionSigner::new(config.issuer.clone(), Arc::clone(&assertion_keys)),
        audit: Arc::new(trail.clone()),
        clock: Arc::clone(&clock),
    };
    let verifier = Verifier::new(parts, VERIFIER_MEMORY, Tally::register(registry)?);
    let fetch = FetchState::new(
        config.fetch.clone(),
        assertion_keys,
        Arc::clone(&clock),
        Arc::new(trail.clone()),
        fetch_service::call_count(registry)?,
    )?;
    let remote = GuardedRemote::new(
        &config.issuer,
        &services,
        config.fetch.proxy().cloned(),
        Arc::new(trail.clone()),
    )?;
    let context = Context {
        clients: Clients::new(config.clients.clone(), Arc::new(remote)),
        sealing: Sealing::derive(&root_secret)?,
        discoveries: Discoveries::default(),
        user_code_attempts: UserCodeAttempts::default(),
        issuer: config.issuer.clone(),
        services,
        admission,
        identity,
        id_jag: config
            .id_jag
            .clone()
            .map(trusted_provider::start)
            .transpose()?,
        lifetimes: config.lifetimes,
        keys,
        store: Arc::clone(&store) as _,
        audit: Arc::new(trail.clone()),
        clock,
        entropy,
    };
    let built = BuiltServices {
        context: Arc::new(context),
        verifier: Arc::new(verifier),
        fetch: Arc::new(fetch),
    };
    let written = Written {
        verifier: Arc::clone(&built.verifier),
        uses: store,
        trail,
    };
    tokio::spawn(renewal::keep(Arc::clone(&built.context)));
    tokio::spawn(journal::keep(
        Arc::clone(&written.verifier),
        Arc::clone(&written.uses),
    ));
    Ok((built, written, sign_in))
}

/// The keys of access tokens and those of assertions: made at the first run, followed and rotated
/// from now on.
fn keys(
    config: &ServeConfig,
    data: &DataDirectory,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<LiveKeys>, Arc<LiveKeys>), Box<dyn Error>> {
    let token_lifetime = config.lifetimes.access_token;
    let keepers = key_keeper::below(&data.keys(), config.algorithm, token_lifetime);
    let [tokens, assertions] = &keepers;
    let live = |keeper: &KeyKeeper, lifetime: Seconds| -> Result<_, Box<dyn Error>> {
        keeper.ensure(clock.now())?;
        let directory = keeper.directory.clone();
        let followed = FollowedKeys::open(directory, lifetime, Arc::clone(clock))?;
        let keys = followed.keys();
        followed.follow();
        Ok(keys)
    };
    let keys = (
        live(tokens, token_lifetime)?,
        live(assertions, assertion::LIFETIME)?,
    );
    tokio::spawn(key_schedule::keep(
        keepers.into(),
        None,
        config.key_rotation,
    ));
    Ok(keys)
}

/// GitHub where it is set up, else the local passphrase.
fn identity(
    config: &ServeConfig,
    entropy: &dyn Entropy,
) -> Result<(IdentityProvider, Admission, SignIn), Box<dyn Error>> {
    if let Some((app, allowed)) = &config.github {
        let github = GitHub::new(app.clone(), &config.issuer)?;
        let admission = admission(Some(allowed.clone()), config.id_jag.is_some());
        return Ok((
            IdentityProvider::Upstream(Box::new(github)),
            admission,
            SignIn::GitHub,
        ));
    }
    let (passphrase, sign_in) = if let Some(own) = &config.local_passphrase {
        (own.clone(), SignIn::OwnPassphrase)
    } else {
        let made = passphrase::generate(entropy)?;
        (made.clone(), SignIn::MadePassphrase(made))
    };
    let local = LocalProvider::new(&passphrase, entropy)?;
    let admission = admission(None, config.id_jag.is_some());
    Ok((IdentityProvider::Local(local), admission, sign_in))
}

/// Who may come in: GitHub's people where it is set up, else the owner.
pub(crate) fn admission(github: Option<AllowedUsers>, vouched_for: bool) -> Admission {
    Admission {
        local: github.is_none(),
        github,
        vouched_for,
    }
}

/// Loopback in both families, and one more address if the operator wants it.
fn listen(port: u16, more: Option<IpAddr>) -> Result<Vec<TcpListener>, Box<dyn Error>> {
    let bind = |ip: IpAddr| listener::bind("GATEWAY_PORT", SocketAddr::new(ip, port));
    if let Some(ip) = more.filter(IpAddr::is_unspecified) {
        return Ok(vec![bind(ip)?]);
    }
    let mut listeners = vec![bind(Ipv4Addr::LOCALHOST.into())?];
    match bind(Ipv6Addr::LOCALHOST.into()) {
        Ok(listener) => listeners.push(listener),
        // A machine without IPv6.
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(ip) = more {
        listeners.push(bind(ip)?);
    }
    Ok(listeners)
}
