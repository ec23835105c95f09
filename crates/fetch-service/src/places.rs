//! Places for work that fills a processor, shared fairly: one that becomes free goes to whoever
//! waits and has the fewest, and among equals to the one whose turn is longest ago. So whoever
//! brings much work waits for himself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use token_core::UserId;
use tokio::sync::oneshot;

/// All places. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// How many places were given.
    given: u64,
    /// Those who have a place or wait for one.
    people: HashMap<UserId, Share>,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
}

#[derive(Debug, Default)]
struct Share {
    taken: usize,
    /// How many places had been given in all when the person got his last one.
    last_turn: u64,
}

#[derive(Debug)]
struct Waiting {
    person: UserId,
    call: oneshot::Sender<Place>,
}

/// One place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    person: UserId,
}

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: count,
            given: 0,
            people: HashMap::new(),
            waiting: Vec::new(),
        })))
    }

    /// Waits for a place. Nothing only where all of this has come to an end.
    pub(crate) async fn take(&self, person: &UserId) -> Option<Place> {
        let called = {
            let mut state = self.state();
            if state.free > 0 {
                // Nobody waits while one is free.
                return Some(self.give(&mut state, person));
            }
            let (call, called) = oneshot::channel();
            let person = person.clone();
            state.people.entry(person.clone()).or_default();
            state.waiting.push(Waiting { person, call });
            called
        };
        called.await.ok()
    }

    fn give(&self, state: &mut State, person: &UserId) -> Place {
        state.free = state.free.saturating_sub(1);
        state.given += 1;
        let last_turn = state.given;
        let share = state.people.entry(person.clone()).or_default();
        share.taken += 1;
        share.last_turn = last_turn;
        Place {
            places: self.clone(),
            person: person.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is half done under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_back(&mut self, person: &UserId) {
        self.free += 1;
        if let Some(share) = self.people.get_mut(person) {
            share.taken = share.taken.saturating_sub(1);
        }
    }

    /// Whose turn it is. Those who went away are forgotten.
    fn next(&mut self) -> Option<Waiting> {
        self.waiting.retain(|waiting| !waiting.call.is_closed());
        let (people, waiting) = (&mut self.people, &self.waiting);
        people.retain(|person, share| {
            share.taken > 0 || waiting.iter().any(|waiting| waiting.person == *person)
        });
        let turns = waiting.iter().enumerate().map(|(at, waiting)| {
            let share = people.get(&waiting.person);
            let turn = share.map_or((0, 0), |share| (share.taken, share.last_turn));
            (turn, at)
        });
        let (_, at) = turns.min()?;
        Some(self.waiting.remove(at))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let next = {
            let mut state = self.places.state();
            state.take_back(&self.person);
            state.next().map(|waiting| {
                let place = self.places.give(&mut state, &waiting.person);
                (waiting.call, place)
            })
        };
        if let Some((call, place)) = next {
            // Who went away in this moment drops it, and it goes to the next.
            let _ = call.send(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use token_core::UserId;

    use super::{Place, Places};

    fn person(name: &str) -> UserId {
        UserId::parse(format!("github|{name}")).unwrap()
    }

    /// Brings these people to wait in this order, lets one place go around, and says who had it.
    async fn turns(places: Places, first: Place, waiting: &[&str]) -> String {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for name in waiting {
            let (places, name, tell) = (places.clone(), (*name).to_owned(), tell.clone());
            tokio::spawn(async move {
                let place = places.take(&person(&name)).await.unwrap();
                tell.send(name).unwrap();
                drop(place);
            });
            tokio::task::yield_now().await;
        }
        drop((first, tell));
        let mut order = String::new();
        while let Some(name) = told.recv().await {
            order.push_str(&name);
        }
        order
    }

    #[tokio::test]
    async fn much_work_of_one_person_waits_for_itself() {
        let places = Places::new(1);
        let first = places.take(&person("1")).await.unwrap();
        assert_eq!(
            turns(places, first, &["1", "1", "1", "2", "3", "2"]).await,
            "231211"
        );
    }

    #[tokio::test]
    async fn a_free_place_goes_to_who_has_the_fewest() {
        let places = Places::new(2);
        let kept = places.take(&person("1")).await.unwrap();
        let first = places.take(&person("2")).await.unwrap();
        let order = turns(places.clone(), first, &["1", "2"]).await;
        assert_eq!(order, "21");
        drop(kept);
        assert!(places.state().people.is_empty(), "nobody is remembered");
        assert_eq!(places.state().free, 2);
    }

    #[tokio::test]
    async fn who_went_away_gets_none() {
        let places = Places::new(1);
        let first = places.take(&person("1")).await.unwrap();
        {
            let second = person("2");
            let mut gone = pin!(places.take(&second));
            poll_fn(|context| {
                assert!(gone.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(turns(places.clone(), first, &["3"]).await, "3");
        assert_eq!(places.state().free, 1);
    }
}
