//! Pages, from memory or from the web: a private cache for each person and a shared one for all
//! (RFC 9111), and what each person is reading at the moment.
//!
//! A page is read in parts. All parts of one reading come from one answer of the site, whatever it
//! says of caching: a reading is not a new use of the page but the same one going on, like a
//! browser's window that is scrolled. It is in memory only, the reader's alone, and over after
//! [`READING`]. A call from the page's beginning is a new use and goes by RFC 9111.

mod flights;
pub(crate) mod freshness;
mod kept;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egress::{Ask, EgressClient, EgressError, Fetched, Meter, Permission};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use quick_cache::sync::Cache;
use token_core::{Clock, Seconds, UserId};
use url::Url;

use crate::bounded;
use crate::quota::Admitted;
use crate::reader::Page;
use crate::robots::{Metered, Robots};
use flights::Flights;
use freshness::Audience;
use kept::{Entry, Going, Key, Weight};

/// Markdown first, for the servers that have it (as documentation sites do).
const ACCEPT: &str = "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, \
                      text/plain;q=0.8, application/json;q=0.8, */*;q=0.5";
/// How long a reading goes on after its last part.
const READING: Seconds = Seconds(600);

/// An answer of a site.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Of this process: what was made of it is kept by this number.
    pub(crate) id: u64,
    pub(crate) status: StatusCode,
    pub(crate) page: Page,
    /// The body was cut at the size limit.
    pub(crate) truncated: bool,
}

/// Who wants which page, and how.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The call, which pays for it.
    pub(crate) admitted: &'a Admitted,
    pub(crate) url: &'a str,
    /// A later part of a page that is being read.
    pub(crate) goes_on: bool,
    /// A program wishes it, so `robots.txt` is asked.
    pub(crate) automatic: bool,
}

/// A page, and how it goes with what was given of it before.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) snapshot: Arc<Snapshot>,
    /// It is a later part, and the part before may be of another answer.
    pub(crate) may_not_join: bool,
}

/// Finds pages. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Inner>);

struct Inner {
    egress: EgressClient,
    /// `None`: the operator ignores it.
    robots: Option<Robots>,
    clock: Arc<dyn Clock>,
    snapshots: AtomicU64,
    kept: Cache<Key, Arc<Entry>, Weight>,
    readings: Cache<Key, Going, Weight>,
    flights: Flights<Key, Result<Landed, EgressError>>,
}

/// What a fetch brought, and who asked for it first.
#[derive(Clone)]
struct Landed {
    entry: Arc<Entry>,
    asked_by: UserId,
}

impl Pages {
    /// With this much memory, in bytes.
    pub(crate) fn new(
        egress: EgressClient,
        robots: Option<Robots>,
        clock: Arc<dyn Clock>,
        memory: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            egress,
            robots,
            clock,
            snapshots: AtomicU64::new(0),
            kept: bounded::cache(memory / 2, Weight),
            readings: bounded::cache(memory / 2, Weight),
            flights: Flights::default(),
        }))
    }

    /// The page that is wished for.
    ///
    /// # Errors
    /// It is neither in memory nor to be had. A refusal is the caller's to audit.
    pub(crate) async fn find(&self, wish: Wish<'_>) -> Result<Found, EgressError> {
        let key = Key::of(wish);
        if wish.goes_on
            && let Some(going) = self.going(&key)
        {
            return Ok(self.found(key, wish, going.snapshot));
        }
        let own = self.0.kept.get(&key);
        let known = own.or_else(|| self.0.kept.get(&key.everybodys()));
        if let Some(entry) = &known
            && entry.is_fresh(self.0.clock.now())
        {
            self.permit(&key, &entry.snapshot, wish).await?;
            return Ok(self.found(key, wish, Arc::clone(&entry.snapshot)));
        }
        let landed = self.fetch(&key, wish, known).await?;
        Ok(self.found(key, wish, Arc::clone(&landed.entry.snapshot)))
    }

    fn going(&self, key: &Key) -> Option<Going> {
        let going = self.0.readings.get(key)?;
        let over = going.last.plus(READING).has_passed(self.0.clock.now());
        (!over).then_some(going)
    }

    /// Begins the person's reading of it, or goes on with it.
    fn found(&self, key: Key, wish: Wish<'_>, snapshot: Arc<Snapshot>) -> Found {
        let before = self.going(&key);
        let took_over = before.as_ref().is_some_and(|before| {
            before.took_over || before.snapshot.page.body != snapshot.page.body
        });
        let going = Going {
            snapshot: Arc::clone(&snapshot),
            last: self.0.clock.now(),
            took_over,
        };
        self.0.readings.insert(key, going);
        Found {
            snapshot,
            may_not_join: wish.goes_on && (took_over || before.is_none()),
        }
    }

    /// `robots.txt` may have changed since the page was kept: where it was asked for, and where it
    /// is from.
    async fn permit(&self, key: &Key, kept: &Snapshot, wish: Wish<'_>) -> Result<(), EgressError> {
        let robots = self.0.robots.as_ref().filter(|_| key.automatic);
        let (Some(robots), Ok(first)) = (robots, Url::parse(&key.url)) else {
            return Ok(());
        };
        let meter = Meter::default();
        let _bill = wish.admitted.bill(meter.clone());
        robots.permit(&first, &meter).await?;
        robots.permit(&kept.page.url, &meter).await
    }

    /// One fetch for all who wish for the same at the same time; what turns out to be for one
    /// person alone, the others ask for themselves.
    async fn fetch(
        &self,
        key: &Key,
        wish: Wish<'_>,
        known: Option<Arc<Entry>>,
    ) -> Result<Landed, EgressError> {
        let is_own = |entry: &Arc<Entry>| entry.keeping.audience != Audience::Everybody;
        if !known.as_ref().is_some_and(is_own) {
            let landed = self.join(key.everybodys(), wish, known.clone()).await?;
            if landed.asked_by == *wish.admitted.person()
                || landed.entry.keeping.audience == Audience::Everybody
            {
                return Ok(landed);
            }
        }
        self.join(key.clone(), wish, known).await
    }

    async fn join(
        &self,
        flight: Key,
        wish: Wish<'_>,
        known: Option<Arc<Entry>>,
    ) -> Result<Landed, EgressError> {
        let (pages, person) = (self.clone(), wish.admitted.person().clone());
        let own = flight.of_person(&person);
        let fetch = |meter| async move {
            let fetched = pages.0.ask(&own, known.as_deref(), &meter).await?;
            let entry = pages.0.entry(fetched, known);
            pages.keep(own, &entry);
            Ok(Landed {
                entry,
                asked_by: person,
            })
        };
        let (meter, flight) = self.0.flights.join(flight, fetch);
        let _bill = wish.admitted.bill(meter);
        flight.await
    }

    fn keep(&self, own: Key, entry: &Arc<Entry>) {
        match entry.keeping.audience {
            Audience::Nobody => {}
            Audience::Person => self.0.kept.insert(own, Arc::clone(entry)),
            Audience::Everybody => {
                // It may have been private before.
                self.0.kept.remove(&own);
                self.0.kept.insert(own.everybodys(), Arc::clone(entry));
            }
        }
    }
}

impl Inner {
    async fn ask(
        &self,
        key: &Key,
        known: Option<&Entry>,
        meter: &Meter,
    ) -> Result<Fetched, EgressError> {
        let robots = self.robots.as_ref().filter(|_| key.automatic);
        let robots = robots.map(|robots| Metered { robots, meter });
        let ask = Ask {
            validators: known.and_then(|entry| entry.validators.as_ref()),
            permission: robots.as_ref().map(|robots| robots as &dyn Permission),
            meter: Some(meter),
            ..Ask::accepting(ACCEPT)
        };
        self.egress.fetch(&key.url, &ask).await
    }

    /// What is known now: the new answer, or the old one for longer (RFC 9111 section 4.3.4).
    fn entry(&self, fetched: Fetched, known: Option<Arc<Entry>>) -> Arc<Entry> {
        let now = self.clock.now();
        if fetched.status == StatusCode::NOT_MODIFIED
            && let Some(known) = known
        {
            return Arc::new(Entry::revalidated(&known, &fetched, now));
        }
        let id = self.snapshots.fetch_add(1, Ordering::Relaxed);
        Arc::new(Entry::new(fetched, id, now))
    }
}

impl Snapshot {
    fn new(fetched: Fetched, id: u64) -> Self {
        let content_type = fetched.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        Self {
            id,
            status: fetched.status,
            page: Page {
                content_type: content_type.map(ToOwned::to_owned),
                body: fetched.body,
                url: fetched.final_url,
            },
            truncated: fetched.truncated,
        }
    }
}
