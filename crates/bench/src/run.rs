//! What both programs do with their rows: choose, measure, print.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table goes to the terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::report::Report;
use crate::{Outcome, machine, tools};

/// A group of figures, by name.
pub type Row<P> = (&'static str, fn(&P, &mut Report) -> Outcome<()>);

/// What both programs are told.
#[derive(Debug, Args)]
pub struct Choice {
    /// Only these groups of figures; all where none is named, and their names where one is wrong.
    rows: Vec<String>,
    /// Writes the table to a file too.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Measures the rows that were chosen and prints the table.
pub fn run<P>(rows: &[Row<P>], choice: &Choice, plan: &P) -> ExitCode {
    match measure(rows, choice, plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says on the terminal how far a long measurement has come.
pub fn say(text: &str) {
    eprintln!("{text}");
}

fn measure<P>(rows: &[Row<P>], choice: &Choice, plan: &P) -> Outcome<()> {
    let chosen = |name: &str| choice.rows.is_empty() || choice.rows.iter().any(|own| own == name);
    let known = |own: &String| rows.iter().any(|(name, _)| name == own);
    if let Some(unknown) = choice.rows.iter().find(|own| !known(own)) {
        let names: Vec<_> = rows.iter().map(|(name, _)| *name).collect();
        return Err(format!("{unknown} is none of: {}", names.join(", ")).into());
    }
    tools::check()?;
    let machine = machine::words();
    println!("{machine}\n");
    let mut report = Report::default();
    for (name, row) in rows {
        if chosen(name) {
            let begin = Instant::now();
            row(plan, &mut report).map_err(|error| format!("{name}: {error}"))?;
            eprintln!("{name}: {} s", begin.elapsed().as_secs());
        }
    }
    println!("{report}");
    if let Some(path) = &choice.output {
        std::fs::write(path, format!("{machine}\n\n{report}"))?;
    }
    Ok(())
}
