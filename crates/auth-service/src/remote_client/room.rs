//! Room for fetches from hosts that anybody may name: so many at once in all and for each site, and
//! some that is kept for sites that have answered, so that hosts which never answer keep nobody
//! else waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;
use url::{Host, Url};

/// Fetches at once from sites that have not answered yet.
const FROM_STRANGERS: usize = 24;
/// And from those that answered when they were asked last.
const FROM_KNOWN: usize = 8;
/// Fetches at once from one site.
const FROM_ONE: usize = 4;
/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many sites are remembered.
const SITES: usize = 1000;

/// All of it.
pub(super) struct Room {
    strangers: Semaphore,
    known: Semaphore,
    sites: Mutex<HashMap<String, Arc<Site>>>,
}

struct Site {
    places: Arc<Semaphore>,
    has_answered: AtomicBool,
}

/// A place for one fetch.
pub(super) struct Place<'a> {
    site: Arc<Site>,
    _own: OwnedSemaphorePermit,
    _all: SemaphorePermit<'a>,
}

impl Place<'_> {
    /// Whether the site answered, whatever it said.
    pub(super) fn note(&self, has_answered: bool) {
        self.site
            .has_answered
            .store(has_answered, Ordering::Relaxed);
    }
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            strangers: Semaphore::new(FROM_STRANGERS),
            known: Semaphore::new(FROM_KNOWN),
            sites: Mutex::default(),
        }
    }

    /// A place for a fetch from there, unless none comes free in a second.
    pub(super) async fn place(&self, url: &str) -> Option<Place<'_>> {
        let site = self.site(&site_of(url)?);
        let own = Arc::clone(&site.places);
        let all = if site.has_answered.load(Ordering::Relaxed) {
            &self.known
        } else {
            &self.strangers
        };
        let both = async { Some((own.acquire_owned().await.ok()?, all.acquire().await.ok()?)) };
        let (own, all) = timeout(PATIENCE, both).await.ok()??;
        Some(Place {
            site,
            _own: own,
            _all: all,
        })
    }

    fn site(&self, name: &str) -> Arc<Site> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = sites.get(name) {
            return Arc::clone(site);
        }
        let is_asked = |site: &Arc<Site>| Arc::strong_count(site) > 1;
        if sites.len() >= SITES {
            sites.retain(|_, site| is_asked(site) || site.has_answered.load(Ordering::Relaxed));
        }
        if sites.len() >= SITES {
            sites.retain(|_, site| is_asked(site));
        }
        let site = Arc::new(Site {
            places: Arc::new(Semaphore::new(FROM_ONE)),
            has_answered: AtomicBool::new(false),
        });
        sites.insert(name.to_owned(), Arc::clone(&site));
        site
    }
}

/// An address, or the last two labels of a name: who has a domain has every name below it.
fn site_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(match url.host()? {
        Host::Domain(name) => {
            let mut labels = name.trim_end_matches('.').rsplitn(3, '.');
            let (top, second) = (labels.next()?, labels.next());
            second.map_or_else(|| top.to_owned(), |second| format!("{second}.{top}"))
        }
        address => address.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all_of(room: &Room, urls: impl IntoIterator<Item = String>) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for url in urls {
            places.push(room.place(&url).await.unwrap());
        }
        places
    }

    #[test]
    fn a_site_is_all_that_one_may_have() {
        for (url, site) in [
            ("https://a.b.example.com/client.json", "example.com"),
            ("https://EXAMPLE.com:8443/", "example.com"),
            ("https://example.com./", "example.com"),
            ("https://localhost/", "localhost"),
            ("https://93.184.216.34/", "93.184.216.34"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ] {
            assert_eq!(site_of(url).as_deref(), Some(site), "{url}");
        }
        assert_eq!(site_of("no url"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_domain_has_four_places_whatever_its_names() {
        let room = Room::new();
        let names = (0..FROM_ONE).map(|n| format!("https://n{n}.tarpit.example/client.json"));
        let held = all_of(&room, names).await;
        assert!(room.place("https://more.tarpit.example/").await.is_none());
        assert!(room.place("https://good.test/client.json").await.is_some());
        drop(held);
        assert!(room.place("https://more.tarpit.example/").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_answered_finds_a_place_where_strangers_fill_theirs() {
        let room = Room::new();
        let good = "https://good.test/client.json";
        room.place(good).await.unwrap().note(true);
        let strangers = (0..FROM_STRANGERS).map(|n| format!("https://tarpit{n}.example/"));
        let held = all_of(&room, strangers).await;
        assert!(room.place("https://another.example/").await.is_none());
        let place = room.place(good).await.unwrap();
        // A site that answers no more is a stranger again.
        place.note(false);
        drop(place);
        assert!(room.place(good).await.is_none());
        drop(held);
        assert!(room.place(good).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_comes_free_is_taken_by_who_waits() {
        let room = Room::new();
        let url = "https://busy.example/client.json";
        let held = all_of(&room, (0..FROM_ONE).map(|_| url.to_owned())).await;
        let (waiting, ()) = tokio::join!(room.place(url), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            drop(held);
        });
        assert!(waiting.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_sites_fill_nothing() {
        let room = Room::new();
        for n in 0..3 * SITES {
            room.place(&format!("https://made-up{n}.example/")).await;
        }
        assert!(room.sites.lock().unwrap().len() <= SITES);
    }
}
