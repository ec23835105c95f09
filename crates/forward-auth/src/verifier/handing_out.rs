//! The assertion that goes with a request that passes: handed out while it is young, renewed off the
//! path, and signed beside the store's answer where there is none yet.

use std::sync::Arc;

use token_core::Timestamp;

use super::{Verdict, Verifier};
use crate::bearer::{Bearer, Held};
use crate::decide::Denial;

impl Verifier {
    pub(super) fn allow(&self, bearer: &Arc<Bearer>, now: Timestamp) -> Verdict {
        let signer = &self.parts.assertions;
        match bearer.held(signer.keys_version(), now) {
            Held::Good(told) => Verdict::Allow(told),
            Held::Aging(told) => {
                self.renew_later(bearer, now);
                Verdict::Allow(told)
            }
            Held::Nothing => match bearer.sign(signer, now) {
                Ok(told) => Verdict::Allow(told),
                Err(error) => {
                    tracing::error!(%error, "a service cannot be told whose a request is");
                    Verdict::Deny(Denial::CannotDecide)
                }
            },
        }
    }

    /// As a task of its own: the connection's is before it in the runtime's queue, so the question
    /// has left when the signing begins.
    pub(super) fn sign_meanwhile(&self, bearer: &Arc<Bearer>, now: Timestamp) {
        let signer = &self.parts.assertions;
        if bearer.holds_nothing(signer.keys_version(), now) {
            let (bearer, signer) = (Arc::clone(bearer), signer.clone());
            tokio::spawn(async move {
                // Whoever allows tries again, and says what is wrong.
                let _ = bearer.sign(&signer, now);
            });
        }
    }

    /// Off the path of the request that found the assertion old.
    fn renew_later(&self, bearer: &Arc<Bearer>, now: Timestamp) {
        let (bearer, signer) = (Arc::clone(bearer), self.parts.assertions.clone());
        actix_web::rt::spawn(async move {
            if let Err(error) = bearer.sign(&signer, now) {
                tracing::error!(%error, "an assertion could not be renewed");
            }
        });
    }
}
