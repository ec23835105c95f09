//! From one end of the store to the other, one batch in memory at a time.

use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;

use token_core::store::{
    Approval, Batch, Cursor, Kind, OperatorStore, Registration, Session, StoreError,
};
use token_core::{GrantId, Timestamp};

use super::progress::Progress;
use super::selection::{Selectable, Selection};
use super::system::System;

/// What the store can list.
pub(crate) trait Listed: Selectable + Sized {
    const KIND: Kind;
    const WHAT: &'static str;

    fn batch(
        store: &dyn OperatorStore,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Batch<Self>, StoreError>>;
}

macro_rules! listed {
    ($($thing:ident: $kind:ident, $what:literal, by $batch:ident;)+) => {
        $(
            impl Listed for $thing {
                const KIND: Kind = Kind::$kind;
                const WHAT: &'static str = $what;

                async fn batch(
                    store: &dyn OperatorStore,
                    from: Option<&Cursor>,
                    now: Timestamp,
                ) -> Result<Batch<Self>, StoreError> {
                    store.$batch(from, now).await
                }
            }
        )+
    };
}

listed! {
    Registration: Clients, "clients", by registrations;
    Session: Sessions, "sessions", by sessions;
    Approval: Approvals, "approvals", by approvals;
}

/// A walk over all of a kind.
pub(crate) struct Walk<'a, T> {
    system: &'a System,
    selection: Selection,
    position: Position,
    progress: Progress,
    unreadable: u64,
    lost: Vec<GrantId>,
    batch: std::marker::PhantomData<T>,
}

enum Position {
    Beginning,
    At(Cursor),
    End,
}

impl<'a, T: Listed> Walk<'a, T> {
    /// Over everything, with a bar.
    pub(crate) async fn begin(system: &'a System) -> Result<Self, StoreError> {
        let progress = Progress::over(system.store.extent(T::KIND).await?, T::WHAT);
        Ok(Self {
            system,
            selection: Selection::default(),
            position: Position::Beginning,
            progress,
            unreadable: 0,
            lost: Vec::new(),
            batch: std::marker::PhantomData,
        })
    }

    /// Over these only.
    pub(crate) fn of(mut self, selection: &Selection) -> Self {
        self.selection = selection.clone();
        self
    }

    /// Without a bar.
    pub(crate) fn quietly(mut self) -> Self {
        self.progress = Progress::none();
        self
    }

    /// Some more, perhaps none yet; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<T>>, Box<dyn Error>> {
        let from = match &self.position {
            Position::Beginning => None,
            Position::At(cursor) => Some(cursor),
            Position::End => return Ok(None),
        };
        let batch = T::batch(self.system.store.as_ref(), from, self.system.now()).await?;
        self.position = batch.next.map_or(Position::End, Position::At);
        self.progress.advance(batch.looked_at);
        self.unreadable += batch.unreadable.len() as u64;
        let grants = batch.unreadable.into_iter().filter_map(|one| one.grant);
        self.lost.extend(grants);
        if matches!(self.position, Position::End) {
            self.system.note_unreadable(T::WHAT, self.unreadable);
        }
        let mut items = batch.items;
        items.retain(|item| item.is_of(&self.selection));
        Ok(Some(items))
    }

    /// The grants of records that could not be read since this was asked last.
    pub(crate) fn lost(&mut self) -> BTreeSet<GrantId> {
        std::mem::take(&mut self.lost).into_iter().collect()
    }
}
