//! What the verifier counts, for Prometheus. Handles are taken once: to count is to add to atomics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};
use token_core::store::Voice;

use crate::decide::Denial;
use crate::{Verdict, Verifier};

/// Upper bounds in seconds: what is remembered takes microseconds, and 0.25 s is the end of
/// patience with the store.
const BOUNDS: [f64; 9] = [2e-6, 5e-6, 2e-5, 1e-4, 5e-4, 2e-3, 1e-2, 5e-2, 0.25];

/// How a decision was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// There was no token to look at.
    NoToken,
    /// By memory alone.
    Remembered,
    /// The token was verified before; the store was asked about it.
    StoreAsked,
    /// Everything was checked.
    AllChecked,
}

/// How much was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) allowed: u64,
    pub(crate) denied: u64,
    pub(crate) undecided: u64,
}

/// The counters.
pub struct Tally {
    refused: AtomicU64,
    undecided: AtomicU64,
    allowed: IntCounter,
    denied: IntCounterVec,
    without_token: IntCounter,
    remembered: Histogram,
    store_asked: Histogram,
    all_checked: Histogram,
}

impl Tally {
    /// Registers `gateway_decisions_total` (by `outcome` and `reason`) and
    /// `gateway_decision_seconds` (by `way`: the share of `remembered` is the cache's hit ratio).
    ///
    /// # Errors
    /// They are registered already.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let decisions = IntCounterVec::new(
            Opts::new(
                "gateway_decisions_total",
                "Requests let in and turned away.",
            ),
            &["outcome", "reason"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "gateway_decision_seconds",
                "How long a decision about a token took, by how it was found.",
            )
            .buckets(BOUNDS.to_vec()),
            &["way"],
        )?;
        registry.register(Box::new(decisions.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        let way = |way| seconds.with_label_values(&[way]);
        Ok(Self {
            refused: AtomicU64::new(0),
            undecided: AtomicU64::new(0),
            allowed: decisions.with_label_values(&["allow", ""]),
            without_token: decisions.with_label_values(&["deny", Denial::NoToken.reason()]),
            denied: decisions,
            remembered: way("remembered"),
            store_asked: way("store_asked"),
            all_checked: way("all_checked"),
        })
    }

    /// How much was decided since the process began.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            allowed: self.allowed.get(),
            denied: self.refused.load(Ordering::Relaxed),
            undecided: self.undecided.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn count(&self, verdict: &Verdict, way: Way, took: Duration) {
        if let Verdict::Deny(denial) = verdict {
            let count = match denial {
                Denial::CannotDecide => &self.undecided,
                _ => &self.refused,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
        match verdict {
            Verdict::Allow(_) => self.allowed.inc(),
            Verdict::Deny(Denial::NoToken) => self.without_token.inc(),
            Verdict::Deny(denial) => {
                let labels = ["deny", denial.reason()];
                self.denied.with_label_values(&labels).inc();
            }
        }
        let histogram = match way {
            Way::NoToken => return,
            Way::Remembered => &self.remembered,
            Way::StoreAsked => &self.store_asked,
            Way::AllChecked => &self.all_checked,
        };
        histogram.observe(took.as_secs_f64());
    }
}

/// What is read off the verifier when somebody asks for the figures.
pub struct State {
    verifier: Arc<Verifier>,
    remembered: IntGauge,
    heard: IntGauge,
}

impl State {
    /// `gateway_verifier_remembered_tokens` and `gateway_verifier_push_connected`.
    ///
    /// # Errors
    /// Names that Prometheus does not take.
    pub fn of(verifier: &Arc<Verifier>) -> prometheus::Result<Self> {
        Ok(Self {
            verifier: Arc::clone(verifier),
            remembered: IntGauge::new(
                "gateway_verifier_remembered_tokens",
                "Good tokens that the verifier remembers.",
            )?,
            heard: IntGauge::new(
                "gateway_verifier_push_connected",
                "1 while the store tells of changes; else each request asks it.",
            )?,
        })
    }
}

impl Collector for State {
    fn desc(&self) -> Vec<&Desc> {
        [self.remembered.desc(), self.heard.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let remembered = i64::try_from(self.verifier.remembered_tokens()).unwrap_or(i64::MAX);
        self.remembered.set(remembered);
        let parts = &self.verifier.parts;
        self.heard.set(
            parts
                .freshness
                .hears(Voice::FIRST, parts.clock.now())
                .into(),
        );
        [self.remembered.collect(), self.heard.collect()].concat()
    }
}
