//! The walk that counts what is to go, or ends it.

use std::collections::BTreeSet;
use std::error::Error;

use token_core::store::{Approval, Registration, Session, StoreError};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::{Gone, Mode};
use crate::operator::selection::Selection;
use crate::operator::system::System;
use crate::operator::walk::{Listed, Walk};

/// How many things the store ends together.
const AT_ONCE: usize = 128;

/// One walk over what is to go.
pub(super) struct Run<'a> {
    pub(super) system: &'a System,
    pub(super) mode: Mode,
}

impl Run<'_> {
    /// What was approved goes first: a client that fetches it meanwhile has a session then, and
    /// that is found.
    pub(super) async fn sessions(
        &self,
        selection: &Selection,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        let mut approvals = Walk::<Approval>::begin(self.system).await?.of(selection);
        while let Some(batch) = approvals.next().await? {
            for approval in batch {
                self.approval(&approval, gone).await?;
            }
            for grant in unreadable(&mut approvals, selection) {
                self.end_grant(&grant, None).await?;
                gone.approvals += 1;
            }
        }
        let mut sessions = Walk::<Session>::begin(self.system).await?.of(selection);
        while let Some(batch) = sessions.next().await? {
            let mut lost = unreadable(&mut sessions, selection);
            for some in batch.chunks(AT_ONCE) {
                let grants = some.iter().map(|own| (own.grant.clone(), own.ends_at()));
                let ended = self.end_grants(grants).await;
                counted(some, ended, |session, _| gone.count(session))?;
                for session in some {
                    lost.remove(&session.grant);
                }
            }
            for grant in lost {
                self.end_grant(&grant, None).await?;
                gone.sessions += 1;
            }
        }
        Ok(())
    }

    /// One that was fetched has a session, or is about to: its client is between the fetching and
    /// the issue of its tokens, which fails then.
    async fn approval(&self, approval: &Approval, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let grant = &approval.grant.id;
        if !approval.fetched {
            self.end_grant(grant, Some(approval.expires_at)).await?;
            gone.approvals += 1;
        } else if self.mode == Mode::Do {
            self.session_of(grant, gone).await?;
            self.end_grant(grant, Some(approval.expires_at)).await?;
        }
        Ok(())
    }

    pub(super) async fn session_of(
        &self,
        grant: &GrantId,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        match self.system.store.session(grant, self.system.now()).await {
            Ok(Some(session)) => {
                self.end_grant(grant, session.ends_at()).await?;
                gone.count(&session);
            }
            Ok(None) => {}
            // Its name is all that it takes.
            Err(StoreError::Corrupt(_)) => {
                self.end_grant(grant, None).await?;
                gone.sessions += 1;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn end_grant(
        &self,
        grant: &GrantId,
        lives_until: Option<Timestamp>,
    ) -> Result<(), Box<dyn Error>> {
        let ended = self.end_grants([(grant.clone(), lives_until)]).await;
        counted(&[grant], ended, |_, _| {})
    }

    /// Each with until when anything of it lives. Its mark stays that long, and as long as
    /// `/revoke` would have it stay.
    async fn end_grants(
        &self,
        grants: impl IntoIterator<Item = (GrantId, Option<Timestamp>)>,
    ) -> Vec<Result<bool, StoreError>> {
        let now = self.system.now();
        let mark = self.system.lifetimes.grant_mark(now);
        let grants: Vec<_> = grants
            .into_iter()
            .map(|(grant, until)| (grant, until.map_or(mark, |until| mark.max(until))))
            .collect();
        match self.mode {
            Mode::Count => grants.iter().map(|_| Ok(true)).collect(),
            Mode::Do => self.system.store.end_grants(&grants, now).await,
        }
    }

    pub(super) async fn tokens(
        &self,
        selection: &Selection,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        let mut sessions = Walk::<Session>::begin(self.system).await?.of(selection);
        while let Some(batch) = sessions.next().await? {
            let tokens = batch.into_iter().flat_map(|session| session.tokens);
            let tokens: Vec<_> = tokens.map(|token| token.jti).collect();
            let store = &self.system.store;
            let revoke = async |some: &[Jti], now| store.revoke_tokens(some, now).await;
            self.each(&tokens, revoke, &mut gone.access_tokens).await?;
        }
        Ok(())
    }

    /// Ends things that have just been found, some at a time: how many there were.
    async fn each<T>(
        &self,
        things: &[T],
        end: impl AsyncFn(&[T], Timestamp) -> Vec<Result<bool, StoreError>>,
        gone: &mut u64,
    ) -> Result<(), Box<dyn Error>> {
        for some in things.chunks(AT_ONCE) {
            match self.mode {
                Mode::Count => *gone += some.len() as u64,
                Mode::Do => {
                    let ended = end(some, self.system.now()).await;
                    counted(some, ended, |_, was_there| *gone += u64::from(was_there))?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn token(&self, jti: &Jti, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
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
    pub(super) async fn client(
        &self,
        client: &ClientId,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        let selection = Selection {
            client: Some(client.clone()),
            ..Selection::default()
        };
        self.sessions(&selection, gone).await?;
        let was_there = self.forget(client).await?;
        if client.document_url().is_some() {
            gone.documents += u64::from(was_there);
        } else {
            gone.registrations += u64::from(was_there);
        }
        if self.mode == Mode::Do {
            self.sessions(&selection, gone).await?;
        }
        Ok(())
    }

    /// A client that is known by its document has none.
    pub(super) async fn registration(
        &self,
        client: &ClientId,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        if client.document_url().is_none() {
            gone.registrations += u64::from(self.forget(client).await?);
        }
        Ok(())
    }

    /// Deletes what the store has of a client itself; whether there was something.
    async fn forget(&self, client: &ClientId) -> Result<bool, Box<dyn Error>> {
        let (store, now) = (&self.system.store, self.system.now());
        let mut was_there = false;
        match self.mode {
            Mode::Count => was_there = store.client(client, now).await?.is_some(),
            Mode::Do => {
                let clients = [client.clone()];
                let deleted = store.delete_clients(&clients, now).await;
                counted(&clients, deleted, |_, own| was_there = own)?;
            }
        }
        Ok(was_there)
    }

    pub(super) async fn registrations(&self, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let mut clients = Walk::<Registration>::begin(self.system).await?;
        while let Some(batch) = clients.next().await? {
            let clients: Vec<_> = batch.into_iter().map(|client| client.client_id).collect();
            let store = &self.system.store;
            let delete = async |some: &[ClientId], now| store.delete_clients(some, now).await;
            self.each(&clients, delete, &mut gone.registrations).await?;
        }
        Ok(())
    }
}

/// Counts what became of each, whatever became of the others.
fn counted<T, O>(
    things: &[T],
    outcomes: Vec<Result<O, StoreError>>,
    mut count: impl FnMut(&T, O),
) -> Result<(), Box<dyn Error>> {
    let mut failed = None;
    for (thing, outcome) in things.iter().zip(outcomes) {
        match outcome {
            Ok(outcome) => count(thing, outcome),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Of grants that cannot be read nothing tells whose they are: only who ends all ends them.
fn unreadable<T: Listed>(walk: &mut Walk<'_, T>, selection: &Selection) -> BTreeSet<GrantId> {
    let lost = walk.lost();
    if *selection == Selection::default() {
        lost
    } else {
        BTreeSet::new()
    }
}
