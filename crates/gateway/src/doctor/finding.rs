//! What a check says of what was observed.

use serde::Serialize;

use super::check::Check;

/// How a check ended. The order is that of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It could not be seen from here.
    Skipped,
    /// Not what it should be, and no door stands open.
    Warn,
    Fail,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    #[serde(skip)]
    severity: Verdict,
    /// What was found, in one line.
    found: String,
    /// What mends it: a command where there is one.
    mend: String,
}

impl Problem {
    pub(crate) fn fail(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            severity: Verdict::Fail,
            found: found.into(),
            mend: mend.into(),
        }
    }

    pub(crate) fn warn(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            severity: Verdict::Warn,
            found: found.into(),
            mend: mend.into(),
        }
    }

    pub(crate) fn found(&self) -> &str {
        &self.found
    }

    pub(crate) fn mend(&self) -> &str {
        &self.mend
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well: what was seen.
    Ok(String),
    /// Never empty.
    Wrong(Vec<Problem>),
    /// It could not be seen from here: why.
    Skipped(String),
}

impl Outcome {
    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }

    /// What is wrong; where nothing is, that all is well.
    pub(crate) fn of(problems: Vec<Problem>, else_ok: impl Into<String>) -> Self {
        if problems.is_empty() {
            Self::Ok(else_ok.into())
        } else {
            Self::Wrong(problems)
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Ok(_) => Verdict::Ok,
            Self::Skipped(_) => Verdict::Skipped,
            Self::Wrong(problems) => {
                let severities = problems.iter().map(|problem| problem.severity);
                severities.max().unwrap_or(Verdict::Fail)
            }
        }
    }
}

/// A check with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: Check,
    pub(crate) outcome: Outcome,
}

/// Whether nothing could be looked at, so that nothing can be said.
pub(crate) fn saw_nothing(findings: &[Finding]) -> bool {
    let mut verdicts = findings.iter().map(|finding| finding.outcome.verdict());
    verdicts.all(|verdict| verdict == Verdict::Skipped)
}

/// The heaviest verdict among findings, and with it the exit code.
pub(crate) fn worst(findings: &[Finding]) -> Verdict {
    let verdicts = findings.iter().map(|finding| finding.outcome.verdict());
    verdicts.max().unwrap_or(Verdict::Ok)
}
