//! Every check by its name. What stands above a name is why it matters: the table, `--help` and
//! `docs/doctor.md` say it in these words.

use clap::ValueEnum;
use serde::{Serialize, Serializer};

/// From where something is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Settings, files, the store.
    Inside,
    /// What anybody on the internet can ask.
    Outside,
}

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Check {
    /// A service does not start with a setting that it refuses.
    Settings,
    /// Who can guess the root secret forges the consent form and every cookie.
    RootSecret,
    /// Whoever signs in to Redis makes tokens for anybody.
    RedisPassword,
    /// Nobody can sign in through an app that GitHub does not know.
    GithubApp,
    /// The list is the only thing that keeps strangers out.
    AllowList,
    /// A stolen token opens its service for as long as it lives.
    Lifetimes,
    /// What the fetch tool may reach inside is reached by whatever steers a model.
    Egress,
    /// Other users of the machine read the secrets of a file that is not closed to them.
    EnvFile,
    /// A key that never changes is worth stealing, and is not noticed when it was.
    SigningKeys,
    /// MCP servers believe who the caller is by these keys.
    AssertionKeys,
    /// Who can read a private key makes tokens for anybody.
    KeyFiles,
    /// Traefik asks the verifier over HTTPS: with a certificate that ended nobody comes in.
    InternalCa,
    /// Without Redis nobody comes in.
    Redis,
    /// A Redis that lets in whoever asks gives away every session.
    RedisOpen,
    /// Revocations and registrations that are not on disk are gone after a crash.
    RedisPersistence,
    /// A Redis that evicts forgets revocations and sessions to make room.
    RedisMemory,
    /// A store that the network can reach is one password away from strangers.
    RedisExposure,
    /// Codes and tokens are judged by the clock: with a wrong one good ones are refused.
    Clock,
    /// What is lost without a backup is lost.
    Backup,
    /// A log that grows without bound fills the disk and stops the gateway.
    LogRotation,
    /// A program that cannot do its own flow here can do nobody's.
    Login,
    /// A router without the verifier lets everybody use its MCP server.
    Routers,
    /// Clients and Let's Encrypt find the gateway by its names.
    Hosts,
    /// Clients refuse a host whose certificate they cannot verify.
    Certificate,
    /// TLS before 1.2 is broken, and clients stop without 1.2 or 1.3.
    TlsVersions,
    /// Weak ciphers let a recording be read, at once or when a key leaks.
    TlsCiphers,
    /// The one letter that others will measure the edge by.
    TlsGrade,
    /// What is sent in the clear can be read and changed on the way.
    HttpRedirect,
    /// They tell browsers not to frame, sniff, leak or downgrade what they show.
    SecurityHeaders,
    /// The authorization server says that it can do its work.
    Ready,
    /// Clients find every endpoint by it.
    IssuerMetadata,
    /// Clients find by it who gives tokens for a service.
    ResourceMetadata,
    /// Everybody who verifies tokens needs the public keys, and only these.
    PublicKeys,
    /// Clients begin to sign in by this answer, and by nothing else.
    Challenge,
    /// Clients in a browser need leave to ask, and to read the challenge.
    Cors,
    /// What is meant for the inside tells strangers about it.
    InternalPaths,
}

impl Check {
    /// Every one, in the order of the table.
    pub(crate) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Why it matters, in one sentence.
    pub(crate) fn why(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    pub(crate) fn side(self) -> Side {
        if self < Self::Hosts {
            Side::Inside
        } else {
            Side::Outside
        }
    }

    /// Where it stands in the table.
    pub(crate) fn area(self) -> &'static str {
        match self {
            Self::Settings
            | Self::RootSecret
            | Self::RedisPassword
            | Self::GithubApp
            | Self::AllowList
            | Self::Lifetimes
            | Self::Egress
            | Self::EnvFile => "Settings",
            Self::SigningKeys | Self::AssertionKeys | Self::KeyFiles | Self::InternalCa => "Keys",
            Self::Redis
            | Self::RedisOpen
            | Self::RedisPersistence
            | Self::RedisMemory
            | Self::RedisExposure
            | Self::Clock => "Store and clock",
            Self::Backup | Self::LogRotation | Self::Login | Self::Routers => "Running it",
            Self::Hosts
            | Self::Certificate
            | Self::TlsVersions
            | Self::TlsCiphers
            | Self::TlsGrade
            | Self::HttpRedirect
            | Self::SecurityHeaders => "The edge, from outside",
            Self::Ready
            | Self::IssuerMetadata
            | Self::ResourceMetadata
            | Self::PublicKeys
            | Self::Challenge
            | Self::Cors
            | Self::InternalPaths => "What clients see",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}
