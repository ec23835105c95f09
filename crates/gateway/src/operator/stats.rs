//! How many there are, of what and for which service.

use std::collections::BTreeMap;
use std::error::Error;

use serde::Serialize;
use token_core::store::{Approval, Registration, Session};

use super::output::{Output, grouped};
use super::system::System;
use super::walk::Walk;

/// The figures: as many as there are services, whatever else there is.
#[derive(Debug, Default, Serialize)]
struct Stats {
    registrations: u64,
    never_used: u64,
    approvals: u64,
    #[serde(flatten)]
    in_all: Counts,
    services: BTreeMap<String, Counts>,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Counts {
    sessions: u64,
    access_tokens: u64,
    refresh_tokens: u64,
}

impl Counts {
    fn add(&mut self, session: &Session) {
        self.sessions += 1;
        self.access_tokens += session.tokens.len() as u64;
        self.refresh_tokens += u64::from(session.refreshable_until.is_some());
    }
}

pub(crate) async fn show(system: &System, json: bool) -> Result<(), Box<dyn Error>> {
    let stats = count(system).await?;
    let mut output = Output::new();
    if json {
        output.json(&stats)?;
    } else {
        table(&stats, &mut output)?;
    }
    output.flush()?;
    Ok(())
}

async fn count(system: &System) -> Result<Stats, Box<dyn Error>> {
    let mut stats = Stats::default();
    for service in system.services.iter() {
        stats
            .services
            .insert(service.name.to_string(), Counts::default());
    }
    let mut clients = Walk::<Registration>::begin(system).await?;
    while let Some(batch) = clients.next().await? {
        stats.registrations += batch.len() as u64;
        stats.never_used += batch.iter().filter(|client| !client.used).count() as u64;
    }
    let mut approvals = Walk::<Approval>::begin(system).await?;
    while let Some(batch) = approvals.next().await? {
        stats.approvals += batch.iter().filter(|own| !own.fetched).count() as u64;
    }
    let mut sessions = Walk::<Session>::begin(system).await?;
    while let Some(batch) = sessions.next().await? {
        for session in &batch {
            stats.in_all.add(session);
            let service = system.service(&session.resource);
            if let Some(counts) = stats.services.get_mut(service) {
                counts.add(session);
            } else {
                let counts = stats.services.entry(service.to_owned()).or_default();
                counts.add(session);
            }
        }
    }
    Ok(stats)
}

fn table(stats: &Stats, output: &mut Output) -> Result<(), Box<dyn Error>> {
    for (label, number, remark) in [
        (
            "registered clients",
            stats.registrations,
            format!("{} of them never used", grouped(stats.never_used)),
        ),
        (
            "approvals",
            stats.approvals,
            "not yet fetched by their clients".to_owned(),
        ),
    ] {
        output.line(&format!("{label:<20}{:>12}  {remark}", grouped(number)))?;
    }
    output.line("")?;
    let services = stats
        .services
        .iter()
        .map(|(name, counts)| (&**name, counts));
    let width = services
        .clone()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default()
        .max(18);
    let bold = anstyle::Style::new().bold();
    output.line(&format!(
        "{bold}{:<width$}{:>14}{:>16}{:>18}{bold:#}",
        "SERVICE", "SESSIONS", "ACCESS TOKENS", "REFRESH TOKENS"
    ))?;
    for (name, counts) in services.chain([("all", &stats.in_all)]) {
        output.line(&format!(
            "{name:<width$}{:>14}{:>16}{:>18}",
            grouped(counts.sessions),
            grouped(counts.access_tokens),
            grouped(counts.refresh_tokens)
        ))?;
    }
    Ok(())
}
