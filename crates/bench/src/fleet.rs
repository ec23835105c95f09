//! What several figures need: a token that the store knows, and the controls.

use std::net::SocketAddr;
use std::path::Path;

use test_kit::process::free_address;
use token_core::store::GrantStore as _;
use token_core::{Clock as _, SystemClock};

use crate::Outcome;
use crate::mint::{Mint, Minted};
use crate::server::Server;
use crate::system::{System, Verifier, listens, tune_c_library};
use crate::tools::{Cores, ours};

/// A token of a client of this name that the system's store has as active.
pub fn stored(system: &System, client_id: &str) -> Outcome<Minted> {
    let minted = Mint::new(system.signing_key()?)?.fresh(client_id)?;
    store(system, &minted)?;
    Ok(minted)
}

/// Makes a token active.
pub fn store(system: &System, minted: &Minted) -> Outcome<()> {
    let issued = minted.issued();
    let step = system.store.issue_tokens(&issued, SystemClock.now());
    system.runtime.block_on(step)?;
    Ok(())
}

/// The identity headers with which a verifier lets a token pass.
pub fn given_headers(verifier: &Verifier, token: &Minted) -> Outcome<Vec<(String, String)>> {
    let answer = verifier.connect()?.ask(&token.request())?;
    if answer.status != 200 {
        return Err(format!("the verifier answers:\n{}", answer.head).into());
    }
    let headers = answer.headers().filter(|(name, _)| name.starts_with("x-"));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(headers.collect())
}

/// A running constant handler.
#[derive(Debug)]
pub struct Constant {
    /// Its process.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Constant {
    /// One that answers with these headers.
    pub fn start(headers: &[(String, String)], cores: Cores, directory: &Path) -> Outcome<Self> {
        let address = free_address();
        let mut command = ours("constant-handler", cores)?;
        tune_c_library(&mut command)?;
        command.arg(address.to_string());
        for (name, value) in headers {
            command.args([name, value]);
        }
        let mut server = Server::start("constant-handler", command, directory)?;
        server.wait_until("listens", || listens(address))?;
        Ok(Self { server, address })
    }
}
