//! One line for each login attempt: how far it came, with which client, and why it stopped.

mod attempts;
mod cause;

use std::error::Error;

use clap::Args;
use serde::Serialize;
use token_core::audit::Reference;
use token_core::{Seconds, Timestamp};

use super::output::{Output, number_of, remark};
use super::system::System;
use super::table::{Cell, Table, column, time};
use super::trail;
use super::when::parse_length;
pub(crate) use attempts::Attempts;
use attempts::{Attempt, Mark};

#[derive(Args)]
pub(crate) struct Trace {
    /// What an error page shows, or what the list does: this one, with its cause and the mend
    #[arg(value_parser = Reference::parse)]
    reference: Option<Reference>,
    /// How far back, such as 30min, 12h or 7d [default: 1d, with a reference all there is]
    #[arg(long, value_parser = parse_length)]
    since: Option<Seconds>,
    /// Only those that came to no good end
    #[arg(long)]
    failed: bool,
    /// One JSON object on each line
    #[arg(long)]
    json: bool,
}

/// Where nothing else is said.
const SINCE: Seconds = Seconds(86_400);

pub(crate) async fn run(system: &System, trace: &Trace) -> Result<(), Box<dyn Error>> {
    let now = system.now();
    let since = match (trace.since, &trace.reference) {
        (Some(since), _) => Timestamp(now.0.saturating_sub(since.0)),
        (None, Some(_)) => Timestamp(0),
        (None, None) => Timestamp(now.0.saturating_sub(SINCE.0)),
    };
    let mut attempts = Attempts::default();
    let mut missing = 0_u64;
    trail::each(system, since, |record| {
        attempts.take(record);
        if record.event == "events_missing" {
            missing = missing.saturating_add(record.number("count").unwrap_or_default());
        }
    })
    .await?;
    let mut found = attempts.into_all();
    if let Some(reference) = &trace.reference {
        found.retain(|attempt| attempt.is_named(reference.as_str()));
        if found.is_empty() {
            return Err(not_found(reference, missing).into());
        }
    }
    found.retain(|attempt| !(trace.failed && attempt.is_done()));
    let mut output = Output::new();
    if trace.json {
        for attempt in &found {
            output.json(&Line::of(attempt, now))?;
        }
    } else if trace.reference.is_some() {
        for attempt in &found {
            tell(attempt, now, &mut output)?;
        }
    } else {
        list(&found, now, &mut output)?;
    }
    output.flush()?;
    if !trace.json && trace.reference.is_none() {
        let marks = "✓ came, ✗ failed, · did not come, - was not needed";
        remark(&format!(
            "{}. Steps: Discovery, Registration, Authorize, Consent, Sign-in, Token, first Call; \
             {marks}. `trace REFERENCE` tells more.",
            number_of(found.len() as u64, "login attempt")
        ))?;
        if missing > 0 {
            let events = number_of(missing, "event");
            remark(&format!(
                "{events} missing in the store: more came than are kept. The logs have them."
            ))?;
        }
    }
    Ok(())
}

fn not_found(reference: &Reference, missing: u64) -> String {
    let why = if missing > 0 {
        let events = number_of(missing, "event");
        format!(
            "{events} missing there, since more came than are kept, and the logs have them: look \
             for {reference} in those of auth-service"
        )
    } else {
        "it is older than what is kept (AUDIT_LENGTH), or another gateway's".to_owned()
    };
    format!("nothing in the audit trail has the reference {reference}: {why}")
}

fn list(found: &[Attempt], now: Timestamp, output: &mut Output) -> Result<(), Box<dyn Error>> {
    let columns = [
        time("WHEN"),
        column("REFERENCE", 9, 9),
        column("CLIENT", 15, 15),
        column("DRACSTC", 7, 7),
        column("OUTCOME", 24, 90),
    ];
    let table = Table::new(columns, now);
    table.head(output)?;
    for attempt in found {
        let reference = attempt.reference();
        let cells = [
            Cell::Time(attempt.began),
            reference.map_or(Cell::Nothing("-"), Cell::text),
            Cell::text(&attempt.client()),
            Cell::Text(attempt.marks.iter().map(|mark| mark.symbol()).collect()),
            Cell::Text(attempt.outcome(now).cause.into_owned()),
        ];
        table.row(output, &cells)?;
    }
    Ok(())
}

/// Everything about one.
fn tell(attempt: &Attempt, now: Timestamp, output: &mut Output) -> Result<(), Box<dyn Error>> {
    let outcome = attempt.outcome(now);
    let mut line = |name: &str, text: &str| output.line(&format!("{name:<10}{text}"));
    line("began", &super::when::minute(attempt.began))?;
    line("client", &attempt.client())?;
    if let Some(client_id) = &attempt.client_id {
        line("client id", client_id)?;
    }
    for network in &attempt.networks {
        line("network", network)?;
    }
    for (mark, step) in attempt.marks.iter().zip(attempts::STEPS) {
        line(
            if step == attempts::STEPS[0] {
                "steps"
            } else {
                ""
            },
            &format!("{} {step}", mark.symbol()),
        )?;
    }
    if let Some(error) = &attempt.error {
        line("error", error)?;
    }
    if let Some(description) = &attempt.description {
        line("told", description)?;
    }
    line("cause", &outcome.cause)?;
    if let Some(mend) = outcome.mend {
        line("mend", mend)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    began: Timestamp,
    reference: Option<&'a str>,
    page_reference: Option<&'a str>,
    client_id: Option<&'a str>,
    looks_like: Option<&'a str>,
    agent: Option<&'a str>,
    networks: &'a [String],
    steps: Vec<(&'static str, Mark)>,
    done: bool,
    error: Option<&'a str>,
    reason: Option<&'a str>,
    description: Option<&'a str>,
    cause: String,
    mend: Option<&'static str>,
}

impl<'a> Line<'a> {
    fn of(attempt: &'a Attempt, now: Timestamp) -> Self {
        let outcome = attempt.outcome(now);
        Self {
            kind: "login_attempt",
            began: attempt.began,
            reference: attempt.flow.as_deref(),
            page_reference: attempt.page.as_deref(),
            client_id: attempt.client_id.as_deref(),
            looks_like: attempt.looks_like.as_deref(),
            agent: attempt.agent.as_deref(),
            networks: &attempt.networks,
            steps: attempts::STEPS.into_iter().zip(attempt.marks).collect(),
            done: attempt.is_done(),
            error: attempt.error.as_deref(),
            reason: attempt.reason.as_deref(),
            description: attempt.description.as_deref(),
            cause: outcome.cause.into_owned(),
            mend: outcome.mend,
        }
    }
}
