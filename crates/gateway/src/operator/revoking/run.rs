//! The walk that counts what is to go, or ends it.

use std::collections::BTreeSet;
use std::error::Error;

use futures_util::future::join_all;
use token_core::store::{Approval, Registration, Session, StoreError};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::{Gone, Mode};
use crate::operator::selection::Selection;
use crate::operator::system::System;
use crate::operator::walk::{Listed, Walk};

/// How many sessions are ended at the same time: the way to Redis is longer than its work.
const AT_ONCE: usize = 64;

/// One walk over what is to go.
pub(super) struct Run<'a> {
    pub(super) system: &'a System,
    pub(super) mode: Mode,
}

impl Run<'_> {
    /// Twice where it is done: a device that fetches what was approved is, until its tokens are
    /// issued, neither an approval nor a session. The second time finds its session.
    pub(super) async fn sessions(
        &self,
        selection: &Selection,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        self.pass(selection, gone).await?;
        if self.mode == Mode::Do {
            self.pass(selection, gone).await?;
        }
        Ok(())
    }

    /// What was approved goes first: a client that fetches it meanwhile has a session then, and
    /// that is found.
    async fn pass(&self, selection: &Selection, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
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
                let ends = some.iter().map(|own| async move {
                    self.end_grant(&own.grant, own.ends_at()).await?;
                    Ok::<_, Box<dyn Error>>(own)
                });
                // Each that was ended is counted, whatever becomes of the others.
                let mut failed = None;
                for ended in join_all(ends).await {
                    match ended {
                        Ok(session) => gone.count(session),
                        Err(error) => failed = Some(error),
                    }
                }
                if let Some(error) = failed {
                    return Err(error);
                }
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

    /// One that was fetched by its code has a session, or is about to: its client is between the
    /// use of the code and the issue of its tokens, which fails then.
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

    pub(super) async fn tokens(
        &self,
        selection: &Selection,
        gone: &mut Gone,
    ) -> Result<(), Box<dyn Error>> {
        let mut sessions = Walk::<Session>::begin(self.system).await?.of(selection);
        while let Some(batch) = sessions.next().await? {
            for token in batch.iter().flat_map(|session| &session.tokens) {
                self.token(&token.jti, gone).await?;
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
        self.pass(&selection, gone).await?;
        let was_there = self.forget(client).await?;
        if client.document_url().is_some() {
            gone.documents += u64::from(was_there);
        } else {
            gone.registrations += u64::from(was_there);
        }
        if self.mode == Mode::Do {
            self.pass(&selection, gone).await?;
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
        Ok(match self.mode {
            Mode::Count => store.client(client, now).await?.is_some(),
            Mode::Do => store.delete_client(client, now).await?,
        })
    }

    pub(super) async fn registrations(&self, gone: &mut Gone) -> Result<(), Box<dyn Error>> {
        let mut clients = Walk::<Registration>::begin(self.system).await?;
        while let Some(batch) = clients.next().await? {
            for client in batch {
                self.registration(&client.client_id, gone).await?;
            }
        }
        Ok(())
    }
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
