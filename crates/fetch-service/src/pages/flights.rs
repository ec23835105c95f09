//! Many who wish for the same at the same time are one request. It goes on for as long as one of
//! them waits, and ends at once with the last. Each of them has the meter of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egress::Meter;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

type Flight<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type All<K, T> = Mutex<HashMap<K, UnderWay<T>>>;

struct UnderWay<T: Clone> {
    number: u64,
    meter: Meter,
    flight: WeakShared<Flight<T>>,
}

/// The requests under way: as many as there are callers that wait, and no more.
pub(crate) struct Flights<K, T: Clone> {
    under_way: Arc<All<K, T>>,
    begun: AtomicU64,
}

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
            begun: AtomicU64::new(0),
        }
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The flight under `key`, which is `new` where none is under way, and what it costs.
    pub(crate) fn join<F>(&self, key: K, new: impl FnOnce(Meter) -> F) -> (Meter, Shared<Flight<T>>)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(one) = under_way.get(&key)
            && let Some(flight) = one.flight.upgrade()
        {
            return (one.meter.clone(), flight);
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let end = End {
            under_way: Arc::clone(&self.under_way),
            key: key.clone(),
            number,
        };
        let meter = Meter::default();
        let new = new(meter.clone());
        let flight: Flight<T> = Box::pin(async move {
            let _end = end;
            new.await
        });
        let flight = flight.shared();
        if let Some(weak) = flight.downgrade() {
            let one = UnderWay {
                number,
                meter: meter.clone(),
                flight: weak,
            };
            under_way.insert(key, one);
        }
        (meter, flight)
    }
}

/// Forgets a flight that is over: landed, or left by everybody.
struct End<K: Eq + Hash, T: Clone> {
    under_way: Arc<All<K, T>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for End<K, T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        // Another one may have begun since everybody left this one.
        let is_this = |one: &UnderWay<T>| one.number == self.number;
        if under_way.get(&self.key).is_some_and(is_this) {
            under_way.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Flights, lock};

    #[tokio::test]
    async fn many_are_one_and_the_next_is_another() {
        let flights = Flights::<&str, usize>::default();
        let flown = Arc::new(AtomicUsize::new(0));
        let fly = |_| {
            let flown = Arc::clone(&flown);
            async move {
                tokio::task::yield_now().await;
                flown.fetch_add(1, Ordering::SeqCst)
            }
        };
        let (_, first) = flights.join("a", fly);
        let (_, second) = flights.join("a", fly);
        let (_, other) = flights.join("b", fly);
        assert_eq!(first.await, second.await);
        other.await;
        assert_eq!(flown.load(Ordering::SeqCst), 2);
        flights.join("a", fly).1.await;
        assert_eq!(flown.load(Ordering::SeqCst), 3);
        assert!(lock(&flights.under_way).is_empty());
    }

    /// Tells when it is dropped.
    struct Dropped(Arc<AtomicUsize>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn who_leaves_leaves_it_to_the_others_and_the_last_one_ends_it() {
        let flights = Flights::<&str, ()>::default();
        let dropped = Arc::new(AtomicUsize::new(0));
        let fly = |_| {
            let dropped = Dropped(Arc::clone(&dropped));
            async move {
                let _dropped = dropped;
                std::future::pending::<()>().await;
            }
        };
        let (_, first) = flights.join("a", fly);
        // Its own future is not needed.
        let (_, second) = flights.join("a", |_| async {});
        drop(first);
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        assert_eq!(lock(&flights.under_way).len(), 1);
        drop(second);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert!(lock(&flights.under_way).is_empty());
    }
}
