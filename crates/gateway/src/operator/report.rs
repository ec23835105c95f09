//! What happened over a window: who was refused and why, what is unusual, and how well requests
//! could be decided; in the terminal, or as one HTML file.

mod figures;
mod page;
mod series;
#[cfg(test)]
mod tests;
mod unusual;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use token_core::{Seconds, Timestamp};

use super::output::{Output, grouped, remark};
use super::system::System;
use super::trail;
use super::when::{distance, length, minute, parse_length};
use crate::disk;
use figures::Figures;
use series::Series;
use unusual::DORMANT;

#[derive(Args)]
pub(crate) struct Report {
    /// How far back, such as 24h, 7d or 30d
    #[arg(long, default_value = "7d", value_parser = parse_length)]
    since: Seconds,
    /// Write it as one HTML file with charts (mode 0600); `-` is standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// As one JSON object
    #[arg(long, conflicts_with = "html")]
    json: bool,
}

pub(crate) async fn run(system: &System, report: &Report) -> Result<(), Box<dyn Error>> {
    let until = system.now();
    let since = Timestamp(until.0.saturating_sub(report.since.0));
    let mut figures = Figures::over(since, until);
    // A client that comes back was away before the window.
    let before = Timestamp(since.0.saturating_sub(DORMANT.0));
    trail::each(system, before, |record| figures.take(record)).await?;
    figures.finish();
    if let Some(file) = &report.html {
        return write_page(&page::render(system, &figures)?, file);
    }
    let mut output = Output::new();
    if report.json {
        output.json(&figures)?;
    } else {
        show(&figures, &mut output)?;
    }
    output.flush()?;
    Ok(())
}

/// To a file that nobody else can read, or to standard output.
fn write_page(html: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    if file == Path::new("-") {
        let mut output = Output::new();
        output.line(html)?;
        output.flush()?;
        return Ok(());
    }
    disk::private(file)
        .and_then(|mut to| to.write_all(html.as_bytes()))
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    remark(&format!("wrote {}", file.display()))?;
    Ok(())
}

fn show(figures: &Figures, output: &mut Output) -> Result<(), Box<dyn Error>> {
    let window = Seconds(figures.until.0 - figures.since.0);
    output.line(&format!(
        "The last {}, each mark {}; times are UTC",
        length(window),
        length(figures.step())
    ))?;
    for notice in figures.notices() {
        output.line(&format!("! {notice}"))?;
    }
    section(output, "Logins", figures.logins.iter())?;
    section(
        output,
        "Refused at sign-in and token endpoint",
        figures.failures.iter(),
    )?;
    section(output, "Refused at the edge", figures.denials.iter())?;
    section(output, "Requests decided", figures.requests.iter())?;
    output.line(&format!("  {}", figures.availability()))?;
    output.line("\nUnusual")?;
    if figures.unusual.is_empty() {
        output.line("  nothing")?;
    }
    for finding in &figures.unusual {
        let at = minute(finding.at);
        let ago = distance(finding.at, figures.until);
        output.line(&format!(
            "  {at}  {ago:<10}  {:<20}  {}",
            finding.kind, finding.what
        ))?;
    }
    Ok(())
}

fn section<'a>(
    output: &mut Output,
    title: &str,
    rows: impl Iterator<Item = (&'a String, &'a Series)>,
) -> Result<(), Box<dyn Error>> {
    output.line(&format!("\n{title}"))?;
    let mut none = true;
    for (name, series) in rows {
        none = false;
        let total = grouped(series.total());
        output.line(&format!("  {name:<22} {total:>10}  {}", series.sparkline()))?;
    }
    if none {
        output.line("  none")?;
    }
    Ok(())
}
