//! The deployment without its edge, as a measurement needs it: Redis, keys made by the operator's
//! command, auth-service, and as many verifiers as are asked for.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use redis::AsyncConnectionConfig;
use tempfile::TempDir;
use test_kit::edge::Edge;
use test_kit::process::free_address;
use test_kit::random;
use test_kit::redis::Redis;
use token_core::keys::{SigningAlgorithm, SigningKey};
use token_store::{RedisSettings, RedisStore, key_directory};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::answer::Connection;
use crate::server::Server;
use crate::tools::{Cores, ours};

/// Below it are all public names.
pub const DOMAIN: &str = "gateway.test";
/// The one service.
pub const SERVICE: &str = "fetch";
/// The login of the person whose tokens are used.
pub const LOGIN: &str = "octocat";

/// Where nobody listens: GitHub, for a measurement in which nobody signs in.
const NOBODY: &str = "http://127.0.0.1:9";

/// A running system.
pub struct System {
    /// For the store, whose code is asynchronous.
    pub runtime: Runtime,
    /// The store's server.
    pub redis: Redis,
    /// The store itself, as auth-service uses it.
    pub store: RedisStore,
    /// The authorization server.
    pub auth_service: Server,
    /// Where it listens.
    pub auth_address: SocketAddr,
    /// Logs and keys.
    pub directory: TempDir,
}

/// What differs between systems.
#[derive(Debug, Clone)]
pub struct Options {
    /// What signs access tokens.
    pub algorithm: SigningAlgorithm,
    /// Which processors auth-service may use.
    pub cores: Cores,
    /// Further settings of auth-service.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            algorithm: SigningAlgorithm::Rs256,
            cores: Cores::All,
            settings: Vec::new(),
        }
    }
}

impl System {
    /// Starts one.
    pub fn start(options: &Options) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let redis = runtime.block_on(Redis::start());
        let store = RedisStore::connect(&settings_of(&redis))?;
        runtime.block_on(as_shipped(&redis))?;
        let directory = TempDir::new()?;
        generate_keys(directory.path(), options.algorithm)?;
        let auth_address = free_address();
        let mut command = ours("auth-service", options.cores)?;
        command
            .env("GITHUB_CLIENT_ID", "Iv1.bench")
            .env("GITHUB_CLIENT_SECRET", random::hex(20))
            .env("GITHUB_BASE_URL", NOBODY)
            .env("GITHUB_API_URL", NOBODY)
            .env("GATEWAY_JWT_SECRET", random::hex(32))
            .env("JWT_ALGORITHM", options.algorithm.name())
            .env("JWT_KEY_DIR", directory.path().join("signing"))
            .env("REDIS_URL", format!("redis://{}", redis.address))
            .env("REDIS_PASSWORD", &redis.password)
            .envs(options.settings.iter().map(|(name, value)| (name, value)));
        let auth_service = service("auth-service", command, auth_address, directory.path())?;
        Ok(Self {
            runtime,
            redis,
            store,
            auth_service,
            auth_address,
            directory,
        })
    }

    /// The key that auth-service signs with.
    pub fn signing_key(&self) -> Outcome<SigningKey> {
        let keys = key_directory::load(&self.directory.path().join("signing"))?;
        let newest = keys.into_iter().last().ok_or("no key")?;
        Ok(newest.dated.key)
    }

    /// A verifier of this system's tokens.
    pub fn verifier(&self, cores: Cores) -> Outcome<Verifier> {
        self.verifier_with(cores, &[], &self.redis)
    }

    /// A verifier with further settings, which may ask another Redis.
    pub fn verifier_with(
        &self,
        cores: Cores,
        settings: &[(String, String)],
        redis: &Redis,
    ) -> Outcome<Verifier> {
        let (mut command, address) = self.verifier_command(cores, redis)?;
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let server = service("forward-auth", command, address, self.directory.path())?;
        Ok(Verifier { server, address })
    }

    /// What starts a verifier, and where it will listen.
    pub fn verifier_command(&self, cores: Cores, redis: &Redis) -> Outcome<(Command, SocketAddr)> {
        let mut command = ours("forward-auth", cores)?;
        self.verifier_settings(&mut command, redis)?;
        let address = free_address();
        with_common_settings(&mut command, address);
        Ok((command, address))
    }

    /// Gives a verifier its settings, as the compose file does.
    pub fn verifier_settings(&self, command: &mut Command, redis: &Redis) -> Outcome<()> {
        let jwks = format!("http://{}/jwks", self.auth_address);
        command
            .env("REDIS_URL", format!("redis://verifier@{}", redis.address))
            .env("REDIS_PASSWORD", &redis.verifier_password)
            .env("JWKS_URL", jwks)
            .env("ASSERTION_KEY_DIR", self.path("assertion"));
        tune_c_library(command)
    }

    /// The public names, as the personas of the test kit know them.
    pub fn edge(&self, forward_auth: SocketAddr) -> Edge {
        Edge {
            domain: DOMAIN.to_owned(),
            auth_service: self.auth_address,
            forward_auth,
        }
    }

    /// A file of the system.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A running verifier.
#[derive(Debug)]
pub struct Verifier {
    /// Its process.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Verifier {
    /// A connection to it.
    pub fn connect(&self) -> Outcome<Connection> {
        Ok(Connection::to(self.address)?)
    }
}

/// The settings with which the store reaches a Redis.
pub fn settings_of(redis: &Redis) -> RedisSettings {
    RedisSettings {
        url: format!("redis://{}", redis.address),
        password: Some(redis.password.clone()),
    }
}

/// The driver's own connection to a Redis, as the default user.
pub async fn connection_to(redis: &Redis) -> Outcome<redis::aio::MultiplexedConnection> {
    let url = format!("redis://:{}@{}", redis.password, redis.address);
    let client = redis::Client::open(url)?;
    // Thousands of keys at once take what they take.
    let patient = AsyncConnectionConfig::new().set_response_timeout(None);
    Ok(client
        .get_multiplexed_async_connection_with_config(&patient)
        .await?)
}

/// The test kit's Redis writes each command through to the disk; the shipped one does so each
/// second, and here it would be the disk that is measured.
pub async fn as_shipped(redis: &Redis) -> Outcome<()> {
    let mut connection = connection_to(redis).await?;
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "appendfsync", "everysec"])
        .arg(&["tracking-table-max-keys", "4000000"])
        .query_async(&mut connection)
        .await?;
    Ok(())
}

fn generate_keys(directory: &Path, algorithm: SigningAlgorithm) -> Outcome<()> {
    let output = ours("gateway", Cores::All)?
        .args(["keys", "generate"])
        .env("JWT_ALGORITHM", algorithm.name())
        .env("JWT_KEY_DIR", directory.join("signing"))
        .env("ASSERTION_KEY_DIR", directory.join("assertion"))
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("gateway keys generate: {error}").into())
}

fn service(
    name: &str,
    mut command: Command,
    address: SocketAddr,
    directory: &Path,
) -> Outcome<Server> {
    with_common_settings(&mut command, address);
    let mut server = Server::start(name, command, directory)?;
    server.wait_until("is ready", || is_ready(address))?;
    Ok(server)
}

/// Gives a program what the compose file gives the verifier's C library.
pub fn tune_c_library(command: &mut Command) -> Outcome<()> {
    const NAME: &str = "GLIBC_TUNABLES";
    let compose = include_str!("../../../docker-compose.yml");
    let mut pairs = compose
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    let value = pairs.find_map(|(name, value)| (name == NAME).then_some(value));
    command.env(NAME, value.ok_or("the compose file has no GLIBC_TUNABLES")?);
    Ok(())
}

/// Gives a service the settings that all have.
pub fn with_common_settings(command: &mut Command, address: SocketAddr) {
    command
        .env("BASE_DOMAIN", DOMAIN)
        .env("MCP_SERVICES", SERVICE)
        .env("ALLOWED_GITHUB_USERS", LOGIN)
        .env("LISTEN_ADDRESS", address.to_string());
}

/// Whether a service of ours answers `GET /ready` with 200.
pub fn is_ready(address: SocketAddr) -> bool {
    let request = b"GET /ready HTTP/1.1\r\nHost: ready\r\n\r\n";
    let ask = || -> Outcome<u16> { Ok(Connection::to(address)?.ask(request)?.status) };
    ask().is_ok_and(|status| status == 200)
}

/// Whether anything listens there.
pub fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}
