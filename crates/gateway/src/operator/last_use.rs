//! When what is listed was last used.

use std::collections::HashMap;

use token_core::store::{OperatorStore, Session, StoreError};
use token_core::{GrantId, Jti, Timestamp};

/// Of one batch.
#[derive(Debug, Default)]
pub(crate) struct LastUses {
    sessions: HashMap<GrantId, Timestamp>,
    tokens: HashMap<Jti, Timestamp>,
}

impl LastUses {
    /// Of these sessions and their access tokens.
    pub(crate) async fn of(
        store: &dyn OperatorStore,
        sessions: &[Session],
    ) -> Result<Self, StoreError> {
        let grants: Vec<_> = sessions.iter().map(|one| one.grant.clone()).collect();
        let tokens = sessions.iter().flat_map(|one| &one.tokens);
        let tokens: Vec<_> = tokens.map(|token| token.jti.clone()).collect();
        let by_session = store.sessions_last_used(&grants).await?;
        let by_token = store.tokens_last_used(&tokens).await?;
        let known = |(thing, at): (_, Option<Timestamp>)| Some((thing, at?));
        Ok(Self {
            sessions: grants
                .into_iter()
                .zip(by_session)
                .filter_map(known)
                .collect(),
            tokens: (tokens.into_iter().zip(by_token))
                .filter_map(|(token, at)| Some((token, at?)))
                .collect(),
        })
    }

    pub(crate) fn session(&self, grant: &GrantId) -> Option<Timestamp> {
        self.sessions.get(grant).copied()
    }

    pub(crate) fn token(&self, jti: &Jti) -> Option<Timestamp> {
        self.tokens.get(jti).copied()
    }
}
