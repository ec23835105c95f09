//! The verifier: the pure decision, the question to the store, and the signed identity.

use std::sync::Arc;

use token_core::access_token::AccessTokenClaims;
use token_core::admission::Admission;
use token_core::assertion::{AssertionSigner, Identity};
use token_core::audit::{AuditEvent, AuditSink, FailureReason};
use token_core::jose::TokenError;
use token_core::keys::VerificationKeySource;
use token_core::store::ActiveTokens;
use token_core::{Clock, Issuer, ResourceId, Services};

use crate::decide::{Denial, Rules, decide};
use crate::forwarded::ForwardedRequest;

/// Everything that a decision needs, made once and shared by all workers.
pub struct Verifier {
    /// Who issues tokens.
    pub issuer: Issuer,
    /// What is guarded.
    pub services: Services,
    /// Who may come in.
    pub admission: Admission,
    /// The public keys of access tokens.
    pub keys: Arc<dyn VerificationKeySource>,
    /// Which tokens are active.
    pub tokens: Arc<dyn ActiveTokens>,
    /// Signs who makes a request.
    pub assertions: AssertionSigner,
    /// Where denials go.
    pub audit: Arc<dyn AuditSink>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict {
    /// It passes, as this identity.
    Allow(Box<SignedIdentity>),
    /// It does not.
    Deny(Denial),
}

/// An identity and its assertion for the service behind.
#[derive(Debug)]
pub struct SignedIdentity {
    /// Who it is.
    pub identity: Identity,
    /// The value of `X-Auth-Assertion`.
    pub assertion: String,
}

impl Verifier {
    /// Decides about one request to the service at `resource`. Whatever cannot be known denies.
    pub async fn verify(&self, resource: &ResourceId, request: &ForwardedRequest<'_>) -> Verdict {
        match self.checked(resource, request).await {
            Ok(claims) => self.allow(resource, &claims),
            Err(denial) => Verdict::Deny(denial),
        }
    }

    async fn checked(
        &self,
        resource: &ResourceId,
        request: &ForwardedRequest<'_>,
    ) -> Result<AccessTokenClaims, Denial> {
        let rules = Rules {
            issuer: &self.issuer,
            resource,
            admission: &self.admission,
        };
        let keys = self.keys.current().ok_or(Denial::CannotDecide)?;
        let now = self.clock.now();
        let claims = decide(request, rules, &keys, now).inspect_err(|denial| {
            if *denial == Denial::Token(TokenError::UnknownKey) {
                self.keys.refresh_soon();
            }
            self.record(*denial, None);
        })?;
        let active = self
            .tokens
            .is_active(&claims.jti, now)
            .await
            .map_err(|error| {
                tracing::warn!(
                    cause = app_shell::error_chain(&error),
                    "the store cannot be asked"
                );
                Denial::CannotDecide
            })?;
        if active {
            return Ok(claims);
        }
        self.record(Denial::Inactive, Some(&claims));
        Err(Denial::Inactive)
    }

    fn allow(&self, resource: &ResourceId, claims: &AccessTokenClaims) -> Verdict {
        let identity = Identity::from(claims);
        match self
            .assertions
            .sign(identity.clone(), resource.clone(), self.clock.now())
        {
            Ok(assertion) => Verdict::Allow(Box::new(SignedIdentity {
                identity,
                assertion,
            })),
            Err(error) => {
                tracing::error!(%error, "an assertion could not be signed");
                Verdict::Deny(Denial::CannotDecide)
            }
        }
    }

    /// A request without a token is how every client begins: it is no event.
    fn record(&self, denial: Denial, claims: Option<&AccessTokenClaims>) {
        let reason = match denial {
            Denial::NoToken | Denial::CannotDecide => return,
            Denial::IllFormed => FailureReason::NoToken,
            Denial::WrongHost => FailureReason::WrongHost,
            Denial::Token(error) => FailureReason::Token(error),
            Denial::Inactive => FailureReason::InactiveToken,
            Denial::NotAdmitted => FailureReason::NotAdmitted,
            Denial::InsufficientScope => FailureReason::InsufficientScope,
        };
        self.audit.record(&AuditEvent::AuthFailure {
            reason,
            client_id: claims.map(|claims| claims.client_id.clone()),
            user_id: claims.map(|claims| claims.sub.clone()),
        });
    }
}
