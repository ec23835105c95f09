//! Ending sessions, access tokens and clients, each by the store's own steps, which every verifier
//! hears of at once. What a dry run counts is what the same walk ends.

use std::error::Error;

use futures_util::future::try_join_all;
use serde::Serialize;
use token_core::audit::{Actor, OperatorAct, OperatorAction};
use token_core::store::{Approval, Registration, Session};
use token_core::{ClientId, GrantId, Jti, Timestamp, UserId};

use super::consent::Destroying;
use super::output::{Output, number_of, remark};
use super::selection::Selection;
use super::system::System;
use super::walk::Walk;

/// How many sessions are ended at the same time: the way to Redis is longer than its work.
const AT_ONCE: usize = 64;

/// What went, or would go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Gone {
    registrations: u64,
    sessions: u64,
    access_tokens: u64,
    refresh_tokens: u64,
    approvals: u64,
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
        if words.is_empty() {
            return "nothing".to_owned();
        }
        words.join(", ")
    }
}

/// What is to go.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// These sessions, and what was approved and not fetched.
    Sessions(Selection),
    /// One session.
    Session(GrantId),
    /// The access tokens of these sessions, which may be renewed.
    Tokens(Selection),
    /// One access token.
    Token(Jti),
    /// A client with all that it has.
    Client(ClientId),
    /// The registration of one client.
    Registration(ClientId),
    /// Every registration.
    Registrations,
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
        gone = walk(system, target, Mode::Count).await?;
        if gone.is_nothing() {
            target.must_be_there()?;
        } else if !how.dry_run {
            let whose = target.whose();
            how.ask(&format!("This ends {}{whose}", gone.in_words()))?;
        }
    }
    if !how.dry_run {
        gone = walk(system, target, Mode::Do).await?;
        if gone.is_nothing() {
            target.must_be_there()?;
        }
        system.record(target.act(gone));
    }
    tell(target, gone, how)
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

async fn walk(system: &System, target: &Target, mode: Mode) -> Result<Gone, Box<dyn Error>> {
    let run = Run { system, mode };
    let mut gone = Gone::default();
    match target {
        Target::Sessions(selection) => run.sessions(selection, &mut gone).await?,
        Target::Session(grant) => run.session_of(grant, &mut gone).await?,
        Target::Tokens(selection) => run.tokens(selection, &mut gone).await?,
        Target::Token(jti) => run.token(jti, &mut gone).await?,
        Target::Client(client) => run.client(client, &mut gone).await?,
        Target::Registration(client) => run.registration(client, &mut gone).await?,
        Target::Registrations => run.registrations(&mut gone).await?,
    }
    Ok(gone)
}

struct Run<'a> {
    system: &'a System,
    mode: Mode,
}

impl Run<'_> {
    /// What was approved goes first: a client that fetches it meanwhile has a session then, and
    /// that is found.
    async fn sessions(&self, selection: &Selection, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let mut approvals = Walk::<Approval>::begin(self.system).await?.of(selection);
        while let Some(batch) = approvals.next().await? {
            for approval in batch {
                self.end_grant(&approval.grant.id, Some(approval.expires_at))
                    .await?;
                gone.approvals += 1;
            }
        }
        let mut sessions = Walk::<Session>::begin(self.system).await?.of(selection);
        while let Some(batch) = sessions.next().await? {
            for some in batch.chunks(AT_ONCE) {
                let ends = some
                    .iter()
                    .map(|own| self.end_grant(&own.grant, own.ends_at()));
                try_join_all(ends).await?;
                for session in some {
                    gone.count(session);
                }
            }
        }
        Ok(())
    }

    async fn session_of(&self, grant: &GrantId, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        match self.system.store.session(grant, self.system.now()).await? {
            Some(session) => {
                self.end_grant(grant, session.ends_at()).await?;
                gone.count(&session);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The mark stays as long as `/revoke` would have it stay, and as long as anything of the
    /// grant could have lived.
    async fn end_grant(
        &self,
        grant: &GrantId,
        lives_until: Option<Timestamp>,
    ) -> Result<(), Box<dyn Error>> {
        if self.mode == Mode::Do {
            let now = self.system.now();
            let mark = self.system.lifetimes.grant_mark(now);
            let until = lives_until.map_or(mark, |until| mark.max(until));
            self.system.store.end_grant(grant, now, until).await?;
        }
        Ok(())
    }

    async fn tokens(&self, selection: &Selection, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let mut sessions = Walk::<Session>::begin(self.system).await?.of(selection);
        while let Some(batch) = sessions.next().await? {
            for token in batch.iter().flat_map(|session| &session.tokens) {
                self.token(&token.jti, gone).await?;
            }
        }
        Ok(())
    }

    async fn token(&self, jti: &Jti, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let (store, now) = (&self.system.store, self.system.now());
        let was_active = match self.mode {
            Mode::Count => store.is_active(jti, now).await?,
            Mode::Do => store.revoke_token(jti, now).await?,
        };
        gone.access_tokens += u64::from(was_active);
        Ok(())
    }

    /// As a client's own deletion does it: what it has ends before, so that a store that fails
    /// leaves a client to try again with; and after, for what was granted in between.
    async fn client(&self, client: &ClientId, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let selection = Selection {
            client: Some(client.clone()),
            ..Selection::default()
        };
        self.sessions(&selection, gone).await?;
        self.registration(client, gone).await?;
        if self.mode == Mode::Do {
            self.sessions(&selection, gone).await?;
        }
        Ok(())
    }

    async fn registration(&self, client: &ClientId, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let (store, now) = (&self.system.store, self.system.now());
        let was_there = match self.mode {
            Mode::Count => store.client(client, now).await?.is_some(),
            Mode::Do => store.delete_client(client, now).await?,
        };
        gone.registrations += u64::from(was_there);
        Ok(())
    }

    async fn registrations(&self, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let mut clients = Walk::<Registration>::begin(self.system).await?;
        while let Some(batch) = clients.next().await? {
            for client in batch {
                self.registration(&client.client_id, gone).await?;
            }
        }
        Ok(())
    }
}

impl Target {
    /// A thing that was named and is not there is an error, so that a typing error is not taken
    /// for success.
    fn must_be_there(&self) -> Result<(), Box<dyn Error>> {
        let missing = match self {
            Self::Session(grant) => format!("there is no session {grant}: `sessions list --full`"),
            Self::Token(jti) => {
                format!("the token {jti} is not active: `tokens list --full` shows those that are")
            }
            Self::Client(client) => format!(
                "the client {client} is not registered and has no session: \
                 `registrations list --full`, `sessions list --full`"
            ),
            Self::Registration(client) => {
                format!("the client {client} is not registered: `registrations list --full`")
            }
            Self::Sessions(selection) | Self::Tokens(selection)
                if *selection != Selection::default() =>
            {
                "nothing here is of that client, person and service: `sessions list`".to_owned()
            }
            Self::Sessions(_) | Self::Tokens(_) | Self::Registrations => return Ok(()),
        };
        Err(missing.into())
    }

    /// The people whom a login name means: it may have been another's before.
    fn whose(&self) -> String {
        let (Self::Sessions(selection) | Self::Tokens(selection)) = self else {
            return String::new();
        };
        let people = selection.people.iter().flatten().map(UserId::as_str);
        let people: Vec<_> = people.collect();
        if people.is_empty() {
            String::new()
        } else {
            format!(" of {}", people.join(" and "))
        }
    }

    fn action(&self) -> OperatorAction {
        match self {
            Self::Sessions(_) | Self::Session(_) => OperatorAction::RevokeSessions,
            Self::Tokens(_) | Self::Token(_) => OperatorAction::DeleteTokens,
            Self::Client(_) => OperatorAction::DeleteClient,
            Self::Registration(_) | Self::Registrations => OperatorAction::DeleteRegistrations,
        }
    }

    /// What the operator may not expect.
    fn note(&self) -> Option<&'static str> {
        match self {
            Self::Tokens(_) | Self::Token(_) => {
                Some("A client with a refresh token may renew: `sessions revoke` ends that too.")
            }
            Self::Registration(_) | Self::Registrations => Some(
                "Access tokens live until they expire, and cannot be renewed: \
                 `registrations delete --complete` and `sessions revoke` end them now.",
            ),
            Self::Sessions(_) | Self::Session(_) | Self::Client(_) => None,
        }
    }

    fn act(&self, gone: Gone) -> OperatorAct {
        let mut act = OperatorAct {
            actor: Actor::Operator,
            action: self.action(),
            client_id: None,
            user_ids: Vec::new(),
            resource: None,
            grant: None,
            jti: None,
            registrations: gone.registrations,
            grants: gone.sessions + gone.approvals,
            access_tokens: gone.access_tokens,
        };
        match self {
            Self::Sessions(selection) | Self::Tokens(selection) => {
                act.client_id.clone_from(&selection.client);
                act.user_ids = selection.people.iter().flatten().cloned().collect();
                act.resource.clone_from(&selection.resource);
            }
            Self::Session(grant) => act.grant = Some(grant.clone()),
            Self::Token(jti) => act.jti = Some(jti.clone()),
            Self::Client(client) | Self::Registration(client) => {
                act.client_id = Some(client.clone());
            }
            Self::Registrations => {}
        }
        act
    }
}
