//! One call's way to a page that can be shown: may this person, what does the site answer, and what
//! does it say.

use std::sync::Arc;

use app_shell::traces;
use egress::{AddressClass, EgressError, Refusal};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use token_core::assertion::Identity;
use token_core::audit::{AskedBy, AuditEvent, AuditSink};

use crate::bounded;
use crate::converter::{ConversionError, Converter};
use crate::pages::{Found, Pages, Snapshot, Wish};
use crate::pdf_process::PdfProcess;
use crate::quota::{Admitted, Exceeded, Quota};
use crate::reader::{self, Content, Reading, Stop, Unreadable, View};

/// What an entry takes beside its text.
const OVERHEAD: usize = 256;

/// Who wants to read which page, and how.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) url: &'a str,
    pub(crate) view: &'a View,
    /// A later part of a page that is being read.
    pub(crate) goes_on: bool,
    /// A program wishes it, and not a person.
    pub(crate) automatic: bool,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VisitError {
    #[error("not fetched: {0}")]
    Quota(#[from] Exceeded),
    #[error("cannot fetch the page: {0}")]
    Egress(#[from] EgressError),
    #[error("cannot show the page: {0}")]
    Unreadable(#[from] Unreadable),
    #[error("cannot show the page: {0}")]
    Conversion(#[from] ConversionError),
}

/// All that a visit needs; one for the whole service.
pub(crate) struct Visitor {
    pub(crate) pages: Pages,
    pub(crate) quota: Quota,
    pub(crate) converter: Converter,
    pub(crate) pdfs: PdfProcess,
    pub(crate) readings: Readings,
    pub(crate) audit: Arc<dyn AuditSink>,
}

/// What was made of snapshots, so that the next part of a page costs nothing.
pub(crate) struct Readings(Cache<(u64, View), Arc<Reading>, Weight>);

#[derive(Clone)]
struct Weight;

impl Weighter<(u64, View), Arc<Reading>> for Weight {
    fn weight(&self, _: &(u64, View), reading: &Arc<Reading>) -> u64 {
        let bytes = match &reading.content {
            Content::Text { text, .. } => text.len(),
            Content::Image(image) => image.bytes.len(),
        };
        (OVERHEAD + bytes) as u64
    }
}

impl Readings {
    /// In this much memory, in bytes.
    pub(crate) fn within(memory: u64) -> Self {
        Self(bounded::cache(memory, Weight))
    }
}

impl Visitor {
    /// The page and what it says. What is refused is audited. Dropped, it stops at once: the
    /// request to the site is closed, unless somebody else waits for the same one.
    pub(crate) async fn read(&self, visit: Visit<'_>) -> Result<(Found, Arc<Reading>), VisitError> {
        let outcome = self.attempt(visit).await;
        if let Err(error) = &outcome
            && let Some(event) = refused(visit.identity, error)
        {
            self.audit.record(&event);
        }
        outcome
    }

    async fn attempt(&self, visit: Visit<'_>) -> Result<(Found, Arc<Reading>), VisitError> {
        let admitted = self.quota.admit(&visit.identity.user_id)?;
        let wish = Wish {
            admitted: &admitted,
            url: visit.url,
            goes_on: visit.goes_on,
            automatic: visit.automatic,
        };
        let found = traces::ask("page", Box::pin(self.pages.find(wish))).await?;
        let reading = self.reading(&found.snapshot, visit.view, admitted);
        let reading = traces::step("reading", Box::pin(reading)).await?;
        Ok((found, reading))
    }

    /// One conversion for all who wish for the same; should the one go away who began it, the next
    /// one does it.
    async fn reading(
        &self,
        snapshot: &Arc<Snapshot>,
        view: &View,
        admitted: Admitted,
    ) -> Result<Arc<Reading>, VisitError> {
        let key = (snapshot.id, view.clone());
        match self.readings.0.get_value_or_guard_async(&key).await {
            Ok(reading) => Ok(reading),
            Err(place) => {
                let (snapshot, view, pdfs) =
                    (Arc::clone(snapshot), view.clone(), self.pdfs.clone());
                let job = move |stop: &Stop| {
                    let read_pdf = |body: &[u8]| pdfs.read(body, stop);
                    reader::read_with(&snapshot.page, &view, stop, read_pdf)
                };
                let reading = Arc::new(self.converter.run(admitted, job).await??);
                // It may be too large to be kept, and is good all the same.
                let _ = place.insert(Arc::clone(&reading));
                Ok(reading)
            }
        }
    }
}

fn refused(identity: &Identity, error: &VisitError) -> Option<AuditEvent> {
    let asked_by = AskedBy {
        user_id: identity.user_id.clone(),
        client_id: identity.client_id.clone(),
    };
    match error {
        VisitError::Egress(EgressError::Refused(refusal)) => {
            Some(egress_refused(asked_by, refusal))
        }
        VisitError::Quota(exceeded) => Some(AuditEvent::QuotaExceeded {
            asked_by,
            quota: exceeded.name(),
        }),
        _ => None,
    }
}

fn egress_refused(asked_by: AskedBy, refusal: &Refusal) -> AuditEvent {
    AuditEvent::EgressRefused {
        asked_by: Some(asked_by),
        host: refusal.host.clone(),
        rule: refusal.rule.name(),
        address_class: refusal.rule.address_class().map(AddressClass::name),
        redirects: refusal.redirects,
    }
}
