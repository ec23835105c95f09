//! The whole flow, rehearsed: this program's single process in memory of its own, with this
//! deployment's algorithm and lifetimes, and the local passphrase in GitHub's place. A client
//! registers, a person approves and signs in, the client gets tokens, uses, renews and revokes
//! them. Nothing of it reaches the deployment's store.

use std::net::{Ipv4Addr, TcpListener};

use app_shell::metrics;
use app_shell::settings::Settings;
use token_core::{Clock as _, Entropy as _, Seconds, SystemClock, SystemEntropy};
use tokio::sync::oneshot;

use super::finding::{Outcome, Problem};
use super::place::Place;
use crate::data_directory::DataDirectory;
use crate::serve::{ServeArguments, Single};
use crate::serve_config::{self, ServeConfig};
use client::{Client, Failed};

mod client;

/// Goes through the flow: how many steps went well, or the one that did not.
pub(crate) async fn rehearse(place: &Place) -> Result<usize, Failed> {
    let start = |error: Box<dyn std::error::Error>| Failed::new("start", error);
    let directory = tempfile::tempdir().map_err(|error| start(error.into()))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.map_err(|error| start(error.into()))?;
    let port = listener
        .local_addr()
        .map_err(|error| start(error.into()))?
        .port();
    listener
        .set_nonblocking(true)
        .map_err(|error| start(error.into()))?;
    let passphrase = SystemEntropy::new()
        .token(16)
        .map_err(|error| start(error.into()))?;
    let arguments = ServeArguments {
        port: Some(port),
        data_dir: Some(directory.path().to_owned()),
    };
    let settings = Settings::from_pairs(&serve_config::known(), settings(place, &passphrase));
    let (mut config, _) =
        ServeConfig::from_settings(settings, &arguments).map_err(|error| start(error.into()))?;
    let data = DataDirectory::open(config.data_directory.clone());
    let data = data.map_err(|error| start(error.into()))?;
    let registry = metrics::registry("gateway", SystemClock.now().0);
    let registry = registry.map_err(|error| start(error.into()))?;
    let single = Single::build(&mut config, &data, &registry, vec![listener]).map_err(start)?;

    let (done, stop) = oneshot::channel::<()>();
    let stop = async {
        // An error says that the walk is over too.
        let _ = stop.await;
    };
    let serving = app_shell::serve::serve(vec![single.service], stop);
    let walking = async {
        let walked = Client::new(config.issuer, config.resource, passphrase)?
            .walk()
            .await;
        drop(done);
        walked
    };
    let (served, walked) = tokio::join!(serving, walking);
    single.written.finish().await;
    served.map_err(|error| start(error.into()))?;
    walked
}

/// What of the deployment is rehearsed. Lifetimes are those that a walk can see.
fn settings(place: &Place, passphrase: &str) -> Vec<(&'static str, String)> {
    let seconds = |Seconds(own): Seconds| own.to_string();
    let own = &place.lifetimes;
    vec![
        ("LOCAL_PASSPHRASE", passphrase.to_owned()),
        ("JWT_ALGORITHM", place.algorithm.name().to_owned()),
        ("STATE_LIFETIME", seconds(own.state)),
        ("CODE_LIFETIME", seconds(own.code)),
        ("ACCESS_TOKEN_LIFETIME", seconds(own.access_token)),
        ("REFRESH_TOKEN_LIFETIME", seconds(own.refresh_token)),
        ("REFRESH_GRACE", seconds(own.refresh_grace)),
        ("SESSION_TIMEOUT", seconds(own.session)),
    ]
}

pub(crate) fn outcome(rehearsed: Result<usize, Failed>) -> Outcome {
    match rehearsed {
        Ok(steps) => Outcome::Ok(format!(
            "{steps} steps, from registration to revocation, on a gateway of its own in memory"
        )),
        Err(failed) => Outcome::Wrong(vec![Problem::fail(
            format!("on a gateway of its own in memory: {failed}"),
            "see whether /tmp and loopback can be used; else it is a fault of the program: SECURITY.md",
        )]),
    }
}
