//! Ending sessions, access tokens and clients, each by the store's own steps, which every verifier
//! hears of at once. What a dry run counts is what the same walk ends.

mod run;
mod target;

use std::error::Error;

use serde::Serialize;
use token_core::audit::OperatorAction;
use token_core::store::Session;

use super::consent::Destroying;
use super::output::{Output, number_of, remark};
use super::system::System;
use run::Run;
pub(crate) use target::Target;

/// What went, or would go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Gone {
    registrations: u64,
    sessions: u64,
    access_tokens: u64,
    refresh_tokens: u64,
    approvals: u64,
    documents: u64,
}

impl Gone {
    fn count(&mut self, session: &Session) {
        self.sessions += 1;
        self.access_tokens += session.tokens.len() as u64;
        self.refresh_tokens += u64::from(session.refreshable_until.is_some());
    }

    fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// `2 sessions with 3 access tokens and 2 refresh tokens, and 1 approval not fetched yet`
    fn in_words(self) -> String {
        let mut words = Vec::new();
        if self.registrations > 0 {
            words.push(number_of(self.registrations, "registration"));
        }
        let tokens = number_of(self.access_tokens, "access token");
        if self.sessions > 0 {
            let sessions = number_of(self.sessions, "session");
            let refresh = number_of(self.refresh_tokens, "refresh token");
            words.push(format!("{sessions} with {tokens} and {refresh}"));
        } else if self.access_tokens > 0 {
            words.push(tokens);
        }
        if self.approvals > 0 {
            let approvals = number_of(self.approvals, "approval");
            words.push(format!("{approvals} that no client has fetched"));
        }
        if self.documents > 0 {
            words.push("the kept copy of its document".to_owned());
        }
        if words.is_empty() {
            return "nothing".to_owned();
        }
        words.join(", ")
    }
}

/// Whether it is done or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Count,
    Do,
}

/// Counts, asks, does and says.
pub(crate) async fn end(
    system: &System,
    target: &Target,
    how: Destroying,
) -> Result<(), Box<dyn Error>> {
    let mut gone = Gone::default();
    if how.dry_run || !how.yes {
        walk(system, target, Mode::Count, &mut gone).await?;
        if gone.is_nothing() {
            target.must_be_there()?;
        } else if !how.dry_run {
            let whose = target.whose();
            how.ask(&format!("This ends {}{whose}", gone.in_words()))?;
        }
    }
    // Nobody was asked about nothing.
    let agreed = how.yes || !gone.is_nothing();
    if agreed && !how.dry_run {
        gone = carry_out(system, target).await?;
    }
    tell(target, gone, how)
}

/// What was ended is recorded, also where the rest of it failed.
async fn carry_out(system: &System, target: &Target) -> Result<Gone, Box<dyn Error>> {
    let mut gone = Gone::default();
    let done = walk(system, target, Mode::Do, &mut gone).await;
    if !gone.is_nothing() {
        system.record(target.act(gone)).await;
    }
    match done {
        Err(error) if !gone.is_nothing() => Err(format!(
            "{error}; until then this was ended: {}. Do it again for the rest",
            gone.in_words()
        )
        .into()),
        Err(error) => Err(error),
        Ok(()) if gone.is_nothing() => target.must_be_there().map(|()| gone),
        Ok(()) => Ok(gone),
    }
}

fn tell(target: &Target, gone: Gone, how: Destroying) -> Result<(), Box<dyn Error>> {
    #[derive(Serialize)]
    struct Line {
        action: OperatorAction,
        dry_run: bool,
        #[serde(flatten)]
        gone: Gone,
    }
    let mut output = Output::new();
    if how.json {
        output.json(&Line {
            action: target.action(),
            dry_run: how.dry_run,
            gone,
        })?;
    } else {
        let done = if how.dry_run { "would end" } else { "ended" };
        output.line(&format!("{done} {}", gone.in_words()))?;
    }
    output.flush()?;
    if let Some(note) = target.note().filter(|_| !how.json && !gone.is_nothing()) {
        remark(note)?;
    }
    Ok(())
}

async fn walk(
    system: &System,
    target: &Target,
    mode: Mode,
    gone: &mut Gone,
) -> Result<(), Box<dyn Error>> {
    let run = Run { system, mode };
    match target {
        Target::Sessions(selection) => run.sessions(selection, gone).await,
        Target::Session(grant) => run.session_of(grant, gone).await,
        Target::Tokens(selection) => run.tokens(selection, gone).await,
        Target::Token(jti) => run.token(jti, gone).await,
        Target::Client(client) => run.client(client, gone).await,
        Target::Registration(client) => run.registration(client, gone).await,
        Target::Registrations => run.registrations(gone).await,
    }
}
