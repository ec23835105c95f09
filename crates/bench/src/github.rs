//! The stand-in for GitHub of the test kit, where a measurement needs people who sign in.

use std::path::Path;

use test_kit::process::free_address;
use test_kit::random;

use crate::Outcome;
use crate::server::Server;
use crate::system::{DOMAIN, LOGIN, listens};
use crate::tools::{Cores, ours};

const CLIENT_ID: &str = "Iv1.bench";

/// A running stand-in.
#[derive(Debug)]
pub struct GitHub {
    /// Its process.
    pub server: Server,
    /// What auth-service must know of it.
    pub settings: Vec<(String, String)>,
}

impl GitHub {
    /// Starts one.
    pub fn start(directory: &Path) -> Outcome<Self> {
        let address = free_address();
        let url = format!("http://{address}");
        let secret = random::hex(20);
        let mut command = ours("fake-github", Cores::All)?;
        command
            .env("FAKE_GITHUB_LISTEN", address.to_string())
            .env("FAKE_GITHUB_CLIENT_ID", CLIENT_ID)
            .env("FAKE_GITHUB_CLIENT_SECRET", &secret)
            .env(
                "FAKE_GITHUB_CALLBACK_URL",
                format!("https://auth.{DOMAIN}/callback"),
            )
            .env("FAKE_GITHUB_USER", format!("{LOGIN}:583231"));
        let mut server = Server::start("fake-github", command, directory)?;
        server.wait_until("listens", || listens(address))?;
        let settings = [
            ("GITHUB_CLIENT_ID", CLIENT_ID),
            ("GITHUB_CLIENT_SECRET", &secret),
            ("GITHUB_BASE_URL", &url),
            ("GITHUB_API_URL", &url),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            server,
            settings: settings.to_vec(),
        })
    }
}
