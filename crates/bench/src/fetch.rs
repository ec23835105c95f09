//! The fetch service beside `mcp-server-fetch`, the reference server from `PyPI`: the same calls for
//! the same pages, over the transport that each has.
//!
//! The reference speaks over standard input and output, so each of its clients has a process of its
//! own, as a desktop client starts it; ours is one process for all of them.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Outcome;

pub mod convert;
pub mod latency;
pub mod ours;
pub mod reference;
pub mod site;
pub mod size;
pub mod throughput;

use ours::Ours;
use reference::Reference;
use site::Site;

/// Clients at a time, under load.
pub const CLIENTS: usize = 8;

/// How much is measured, and against what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds of each figure that is compared.
    pub rounds: u32,
    /// Length of a round of load, in seconds.
    pub seconds: u64,
    /// Calls whose latency is taken.
    pub calls: u32,
    /// Pages to convert.
    pub corpus: PathBuf,
    /// The reference server's program.
    pub reference: PathBuf,
    /// The reference server's `PATH`: with Node on it, it converts by Mozilla's own library.
    pub reference_path: String,
}

/// The pages, both servers, and what runs the clients.
pub struct Scene {
    /// Runs the clients.
    pub runtime: Runtime,
    /// What is fetched.
    pub site: Site,
    /// Ours.
    pub ours: Ours,
    /// The reference, once for each client.
    pub reference: Vec<Reference>,
}

impl Scene {
    /// Starts all of it, the reference for so many clients.
    pub fn start(plan: &Plan, clients: usize) -> Outcome<Self> {
        let runtime = Runtime::new()?;
        let site = Site::start(&plan.corpus)?;
        let ours = Ours::start(&runtime, &site)?;
        let started = (0..clients).map(|_| runtime.block_on(Reference::start(plan)));
        let reference = started.collect::<Outcome<Vec<_>>>()?;
        Ok(Self {
            runtime,
            site,
            ours,
            reference,
        })
    }

    /// The processor time that all processes of the reference have used.
    pub fn reference_cpu(&self) -> Outcome<Duration> {
        self.reference.iter().map(Reference::cpu).sum()
    }
}
