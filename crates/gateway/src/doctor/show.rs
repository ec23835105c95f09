//! Findings for people, as a table as wide as the terminal, and for programs, as JSON.

use std::io;

use anstyle::{AnsiColor, Style};
use console::{Term, measure_text_width};
use serde::Serialize;
use token_core::ClaimedName;

use super::check::{Check, Side};
use super::finding::{Finding, Outcome, Problem, Verdict};
use crate::operator::output::{Output, number_of};

const BOLD: Style = Style::new().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();
/// Where what was seen begins: two spaces, a verdict, two, the longest name, two.
const TEXT_AT: usize = 30;
const NAME: usize = TEXT_AT - 10;
/// Of a terminal that is wider, lines would be long to read.
const WIDEST: usize = 120;
/// Where there is no terminal, as in a file.
const UNKNOWN: usize = 100;
const NARROWEST: usize = 60;

fn word(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Ok => ("ok", AnsiColor::Green.on_default()),
        Verdict::Skipped => ("skip", DIM),
        Verdict::Warn => ("warn", AnsiColor::Yellow.on_default().bold()),
        Verdict::Fail => ("FAIL", AnsiColor::Red.on_default().bold()),
    }
}

/// How many columns there are. `--columns` says it where a container has no terminal.
fn width(columns: Option<usize>) -> usize {
    let terminal = Term::stdout();
    let own = terminal.is_term().then(|| usize::from(terminal.size().1));
    own.or(columns).unwrap_or(UNKNOWN).clamp(NARROWEST, WIDEST)
}

/// The table: area by area, and under what is wrong why it matters and what mends it.
pub(crate) fn table(findings: &[Finding], columns: Option<usize>) -> io::Result<()> {
    let mut output = Output::new();
    let mut area = "";
    for line in lines(findings, width(columns), &mut area) {
        output.line(&line)?;
    }
    output.flush()
}

fn lines(findings: &[Finding], width: usize, area: &mut &'static str) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings {
        if *area != finding.check.area() {
            if !area.is_empty() {
                lines.push(String::new());
            }
            *area = finding.check.area();
            lines.push(format!("{BOLD}{area}{BOLD:#}"));
        }
        lines.extend(row(finding, width));
    }
    lines.push(String::new());
    lines.push(summary(findings));
    lines
}

fn row(finding: &Finding, width: usize) -> Vec<String> {
    let (word, style) = word(finding.outcome.verdict());
    let name = finding.check.name();
    let room = width.saturating_sub(TEXT_AT);
    let head = format!("  {style}{word:<4}{style:#}  {name:<NAME$}  ");
    match &finding.outcome {
        Outcome::Ok(seen) => hanging(&head, &visible(seen), room, Style::new()),
        Outcome::Skipped(why) => hanging(&head, &visible(why), room, DIM),
        Outcome::Wrong(problems) => {
            let mut lines = Vec::new();
            for (at, problem) in problems.iter().enumerate() {
                let own = if at == 0 {
                    head.clone()
                } else {
                    " ".repeat(TEXT_AT)
                };
                lines.extend(hanging(&own, &visible(problem.found()), room, Style::new()));
            }
            lines.extend(labelled("why", &finding.check.why(), width));
            for mend in mends(problems) {
                lines.extend(labelled("mend", &visible(mend), width));
            }
            lines
        }
    }
}

/// Each mend once: several faults may have the same.
fn mends(problems: &[Problem]) -> Vec<&str> {
    let mut mends: Vec<&str> = Vec::new();
    for problem in problems {
        if !mends.contains(&problem.mend()) {
            mends.push(problem.mend());
        }
    }
    mends
}

/// A text under a small label, below the name: it is longer than what was seen.
fn labelled(label: &str, text: &str, width: usize) -> Vec<String> {
    const AT: usize = 8;
    const LABEL: usize = 6;
    let head = format!("{:AT$}{DIM}{label:<LABEL$}{DIM:#}", "");
    let style = if label == "mend" {
        AnsiColor::Cyan.on_default()
    } else {
        DIM
    };
    let lines = wrapped(text, width.saturating_sub(AT + LABEL));
    with_heads(&head, &" ".repeat(AT + LABEL), &lines, style)
}

/// A text behind a head; what does not fit goes on under its beginning.
fn hanging(head: &str, text: &str, room: usize, style: Style) -> Vec<String> {
    with_heads(head, &" ".repeat(TEXT_AT), &wrapped(text, room), style)
}

fn with_heads(head: &str, indent: &str, lines: &[String], style: Style) -> Vec<String> {
    let heads = std::iter::once(head).chain(std::iter::repeat(indent));
    let both = heads.zip(lines);
    both.map(|(head, line)| format!("{head}{style}{line}{style:#}"))
        .collect()
}

/// The text in lines of at most `room` columns; a word that is longer stands alone.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let taken = measure_text_width(line);
        if taken > 0 && taken + 1 + measure_text_width(word) > room {
            lines.push(word.to_owned());
        } else {
            if taken > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Without what a terminal would obey: servers say some of it.
fn visible(text: &str) -> String {
    let shown = text
        .chars()
        .map(|c| if ClaimedName::hides(c) { '\u{fffd}' } else { c });
    shown.collect()
}

fn summary(findings: &[Finding]) -> String {
    let count = |verdict| {
        let own = findings
            .iter()
            .filter(|own| own.outcome.verdict() == verdict);
        own.count() as u64
    };
    let parts = [
        (Verdict::Ok, format!("{} ok", count(Verdict::Ok))),
        (Verdict::Fail, number_of(count(Verdict::Fail), "failure")),
        (Verdict::Warn, number_of(count(Verdict::Warn), "warning")),
        (
            Verdict::Skipped,
            format!("{} skipped", count(Verdict::Skipped)),
        ),
    ];
    let shown = parts.into_iter().filter(|(verdict, _)| count(*verdict) > 0);
    let styled = shown.map(|(verdict, text)| {
        let (_, style) = word(verdict);
        format!("{style}{text}{style:#}")
    });
    styled.collect::<Vec<_>>().join(", ")
}

#[derive(Serialize)]
struct Told<'a> {
    check: Check,
    side: &'static str,
    verdict: Verdict,
    /// What was seen, or why nothing was.
    seen: Option<&'a str>,
    problems: &'a [Problem],
    why: String,
}

/// One object on a line.
pub(crate) fn json(findings: &[Finding]) -> io::Result<()> {
    let mut output = Output::new();
    for finding in findings {
        let (seen, problems) = match &finding.outcome {
            Outcome::Ok(seen) | Outcome::Skipped(seen) => (Some(seen.as_str()), &[][..]),
            Outcome::Wrong(problems) => (None, problems.as_slice()),
        };
        output.json(&Told {
            check: finding.check,
            side: match finding.check.side() {
                Side::Inside => "inside",
                Side::Outside => "outside",
            },
            verdict: finding.outcome.verdict(),
            seen,
            problems,
            why: finding.check.why(),
        })?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        let found = "a text that is long enough to go on in a second line at least, at any width";
        let problems = vec![
            Problem::fail(format!("{found}\u{1b}[31m"), "just up"),
            Problem::warn("another", "just up"),
        ];
        vec![
            Finding {
                check: Check::Settings,
                outcome: Outcome::Ok("good".to_owned()),
            },
            Finding {
                check: Check::RedisPersistence,
                outcome: Outcome::Wrong(problems),
            },
            Finding {
                check: Check::Hosts,
                outcome: Outcome::skipped("no network"),
            },
        ]
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_is_obeyed() {
        for width in NARROWEST..WIDEST {
            for line in lines(&findings(), width, &mut "") {
                assert!(measure_text_width(&line) <= width, "{width}: {line}");
                assert!(!line.contains("\u{1b}[31mm") && !line.ends_with("\u{1b}[31m"));
            }
        }
    }

    #[test]
    fn what_is_wrong_comes_with_why_and_one_mend() {
        let text = lines(&findings(), 100, &mut "").join("\n");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text.matches("mend  just up").count(), 1, "{text}");
        assert!(
            text.contains("why   Revocations and registrations"),
            "{text}"
        );
        assert!(text.ends_with("1 ok, 1 failure, 1 skipped"), "{text}");
    }

    #[test]
    fn every_check_has_a_name_that_fits_and_a_reason() {
        for check in Check::all() {
            assert!(check.name().len() <= NAME, "{check:?}");
            assert!(!check.why().is_empty(), "{check:?}");
        }
    }
}
