//! A table that is bounded by bytes and whose entries lie in it, two lines of the processor's cache
//! each: where there are a million of them, every further place that a look has to go to is a wait
//! for memory.
//!
//! It is split into shards, so that threads seldom meet. Within one, entries lie at the place that
//! their key's hash gives or soon after it (linear probing), and what goes is what was not used
//! since the hand came by last (the clock algorithm): so tokens that come once push out one another.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::prefetch::prefetch;

const MB: u64 = 1024 * 1024;
/// As many shards as threads need to meet seldom, where each has a megabyte to hold or more.
const ENOUGH_SHARDS: u64 = 16;
/// Above that a shard has about as much to hold, so that its places take several huge pages.
const SHARD_BYTES: u64 = 32 * MB;
const MOST_SHARDS: u64 = 1024;
/// Of x86-64 and of most ARM.
const HUGE_PAGE: usize = 2 * 1024 * 1024;
/// Most keys are found in one of as many places.
const PREFETCHED: usize = 2;
/// The fewest places of a shard that holds anything.
const FEWEST_PLACES: usize = 16;

/// The table.
pub(super) struct Table<K, V> {
    /// Keyed, so that nobody can aim at one place of it.
    hasher: RandomState,
    shards: Box<[Mutex<Shard<K, V>>]>,
    bytes_of_shard: u64,
}

struct Shard<K, V> {
    places: Vec<Option<Entry<K, V>>>,
    count: usize,
    bytes: u64,
    hand: usize,
}

/// Aligned, so that it lies in two lines and not in three.
#[repr(align(64))]
struct Entry<K, V> {
    key: K,
    value: V,
    bytes: u32,
    was_used: bool,
}

/// What a place for an entry takes.
pub(super) const fn bytes_of_place<K, V>() -> usize {
    size_of::<Option<Entry<K, V>>>()
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// For about `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        let enough = (bytes / MB).clamp(1, ENOUGH_SHARDS);
        let shards = (bytes / SHARD_BYTES).clamp(enough, MOST_SHARDS);
        Self {
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            bytes_of_shard: bytes / shards,
        }
    }

    /// Begins to fetch where a key will be looked for first. `like` is the key, or has its hash.
    pub(super) fn prefetch(&self, like: &impl Hash) {
        let hash = self.hasher.hash_one(like);
        if let Some(shard) = self.shard(hash) {
            let home = shard.home(hash);
            let first = shard.places.iter().skip(home).take(PREFETCHED);
            first.for_each(prefetch);
        }
    }

    /// Uses a value, and may change it: no other thread does meanwhile.
    pub(super) fn look<T>(&self, key: &K, look: impl FnOnce(&mut V) -> T) -> Option<T> {
        self.with(key, |entry| {
            entry.was_used = true;
            look(&mut entry.value)
        })
    }

    /// As [`Self::look`], which is no use of it: it stays no longer for that.
    pub(super) fn peek<T>(&self, key: &K, look: impl FnOnce(&mut V) -> T) -> Option<T> {
        self.with(key, |entry| look(&mut entry.value))
    }

    fn with<T>(&self, key: &K, look: impl FnOnce(&mut Entry<K, V>) -> T) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.shard(hash)?;
        let at = shard.find(hash, key)?;
        let entry = shard.places.get_mut(at)?.as_mut()?;
        Some(look(entry))
    }

    /// Keeps a value, which takes so many bytes, in the place of an older one, by which it is made.
    /// Where it has no room even alone it is not kept, and neither is the older one.
    pub(super) fn keep(&self, key: K, bytes: u32, value: impl FnOnce(Option<&V>) -> V) {
        let hash = self.hasher.hash_one(&key);
        // Dropped when the shard is free again: others wait for it.
        let mut gone = Vec::new();
        let Some(mut shard) = self.shard(hash) else {
            return;
        };
        let old = shard.find(hash, &key);
        let old_value = old.and_then(|at| shard.places.get(at)?.as_ref());
        let value = value(old_value.map(|entry| &entry.value));
        gone.extend(old.and_then(|at| shard.clear(self.hash_of(), at)));
        let entry = Entry {
            key,
            value,
            bytes,
            was_used: false,
        };
        if u64::from(bytes) > self.bytes_of_shard {
            gone.push(entry);
        } else {
            shard.make_room(self.hash_of(), bytes, self.bytes_of_shard, &mut gone);
            shard.put(self.hash_of(), hash, entry);
        }
        drop(shard);
    }

    /// Forgets a value.
    pub(super) fn remove(&self, key: &K) {
        let hash = self.hasher.hash_one(key);
        let gone = self.shard(hash).and_then(|mut shard| {
            let at = shard.find(hash, key)?;
            shard.clear(self.hash_of(), at)
        });
        drop(gone);
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| held(shard).count).sum()
    }

    fn hash_of(&self) -> impl Fn(&K) -> u64 {
        |key| self.hasher.hash_one(key)
    }

    /// By the lower half of the hash; the place within it is by the upper one.
    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard<K, V>>> {
        let at = scaled(hash << 32, self.shards.len());
        self.shards.get(at).map(held)
    }
}

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            count: 0,
            bytes: 0,
            hand: 0,
        }
    }
}

impl<K: Eq, V> Shard<K, V> {
    /// The place of a key, where it is here.
    fn find(&self, hash: u64, key: &K) -> Option<usize> {
        let mut at = self.home(hash);
        // There is always an empty place.
        while let Some(entry) = self.places.get(at)?.as_ref() {
            if entry.key == *key {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// Puts an entry whose key is not here.
    fn put(&mut self, hash_of: impl Fn(&K) -> u64, hash: u64, entry: Entry<K, V>) {
        // Three quarters at most, so that an entry lies near its home.
        if (self.count + 1) * 4 > self.places.len() * 3 {
            self.grow(hash_of);
        }
        self.bytes += u64::from(entry.bytes);
        self.count += 1;
        self.place(hash, entry);
    }

    fn place(&mut self, hash: u64, entry: Entry<K, V>) {
        let mut at = self.home(hash);
        while self.places.get(at).is_some_and(Option::is_some) {
            at = self.after(at);
        }
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(entry);
        }
    }

    fn grow(&mut self, hash_of: impl Fn(&K) -> u64) {
        let places = (self.places.len() / 2 * 3).max(FEWEST_PLACES);
        let places = in_huge_pages(places, bytes_of_place::<K, V>());
        let more = std::iter::repeat_with(|| None).take(places).collect();
        self.hand = 0;
        for entry in std::mem::replace(&mut self.places, more)
            .into_iter()
            .flatten()
        {
            self.place(hash_of(&entry.key), entry);
        }
    }

    /// Empties a place. What lies behind it moves up as far as its home allows, so that no look
    /// ends before it has come to it.
    fn clear(&mut self, hash_of: impl Fn(&K) -> u64, mut empty: usize) -> Option<Entry<K, V>> {
        let gone = self.places.get_mut(empty)?.take()?;
        self.bytes -= u64::from(gone.bytes);
        self.count -= 1;
        let mut at = self.after(empty);
        while let Some(entry) = self.places.get(at).and_then(Option::as_ref) {
            let home = self.home(hash_of(&entry.key));
            if self.distance(home, at) >= self.distance(empty, at) {
                self.places.swap(empty, at);
                empty = at;
            }
            at = self.after(at);
        }
        Some(gone)
    }

    /// Forgets until there is room for so many bytes.
    fn make_room(
        &mut self,
        hash_of: impl Fn(&K) -> u64,
        bytes: u32,
        of: u64,
        gone: &mut Vec<Entry<K, V>>,
    ) {
        while self.count > 0 && self.bytes + u64::from(bytes) > of {
            match self.places.get_mut(self.hand).and_then(Option::as_mut) {
                // Another one may come up into its place.
                Some(entry) if !entry.was_used => gone.extend(self.clear(&hash_of, self.hand)),
                Some(entry) => {
                    entry.was_used = false;
                    self.hand = self.after(self.hand);
                }
                None => self.hand = self.after(self.hand),
            }
        }
    }

    fn home(&self, hash: u64) -> usize {
        scaled(hash, self.places.len())
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 < self.places.len() {
            at + 1
        } else {
            0
        }
    }

    /// How far it is from one place to another, forward.
    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.places.len() - from
        }
    }
}

/// So many places, or a few more: as many as fill huge pages but for what an allocator adds. Linux
/// gives huge pages to what is as long as several of them, and puts that where they begin.
const fn in_huge_pages(places: usize, size: usize) -> usize {
    let in_one = HUGE_PAGE / size;
    if places < in_one {
        places
    } else {
        places.next_multiple_of(in_one).saturating_sub(2)
    }
}

/// A number below `bound` by the upper bits of a hash; 0 where there is none.
fn scaled(hash: u64, bound: usize) -> usize {
    let scaled = (u128::from(hash) * bound as u128) >> 64;
    usize::try_from(scaled).unwrap_or_default()
}

fn held<K, V>(shard: &Mutex<Shard<K, V>>) -> MutexGuard<'_, Shard<K, V>> {
    // Whoever looks may panic, and has changed one value at most.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Hashes that meet, so that places are taken and entries move.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Key(u8);

    impl Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            state.write_u8(self.0 % 7);
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Keep(u8, u32, u32),
        Look(u8),
        Remove(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (any::<u8>(), any::<u32>(), 1..40_u32).prop_map(|(k, v, b)| Step::Keep(k, v, b)),
            3 => any::<u8>().prop_map(Step::Look),
            2 => any::<u8>().prop_map(Step::Remove),
        ];
        prop::collection::vec(step, 0..400)
    }

    /// What the table says of every key.
    fn all(table: &Table<Key, u32>) -> HashMap<u8, u32> {
        let look = |key| Some((key, table.look(&Key(key), |value| *value)?));
        (0..=u8::MAX).filter_map(look).collect()
    }

    fn bytes(table: &Table<Key, u32>) -> u64 {
        table.shards.iter().map(|shard| held(shard).bytes).sum()
    }

    proptest! {
        #[test]
        fn with_room_for_all_it_is_a_map(steps in steps()) {
            let (table, mut model) = (Table::new(1_000_000), HashMap::new());
            for step in steps {
                match step {
                    Step::Keep(key, value, bytes) => {
                        table.keep(Key(key), bytes, |_| value);
                        model.insert(key, value);
                    }
                    Step::Look(key) => {
                        let found = table.look(&Key(key), |value| { *value ^= 1; *value });
                        let kept = model.get_mut(&key).map(|value| { *value ^= 1; *value });
                        prop_assert_eq!(found, kept);
                    }
                    Step::Remove(key) => {
                        table.remove(&Key(key));
                        model.remove(&key);
                    }
                }
                prop_assert_eq!(table.len(), model.len());
            }
            prop_assert_eq!(all(&table), model);
        }

        #[test]
        fn it_never_holds_more_than_its_bytes_nor_what_it_was_not_given(steps in steps()) {
            const BYTES: u64 = 200;
            let (table, mut given) = (Table::new(BYTES), HashMap::new());
            for step in steps {
                match step {
                    Step::Keep(key, value, bytes) => {
                        table.keep(Key(key), bytes, |_| value);
                        given.insert(key, (value, bytes));
                        prop_assert_eq!(table.look(&Key(key), |value| *value), Some(value));
                    }
                    Step::Look(key) => {
                        table.look(&Key(key), |_| ());
                    }
                    Step::Remove(key) => {
                        table.remove(&Key(key));
                        given.remove(&key);
                    }
                }
                prop_assert!(bytes(&table) <= BYTES);
            }
            let kept = all(&table);
            prop_assert_eq!(kept.len(), table.len());
            for (key, value) in &kept {
                prop_assert_eq!(given.get(key).map(|(value, _)| value), Some(value));
            }
            let sum: u32 = kept.keys().filter_map(|key| given.get(key)).map(|(_, bytes)| bytes).sum();
            prop_assert_eq!(u64::from(sum), bytes(&table));
        }
    }

    #[test]
    fn what_is_used_stays_while_others_come_and_go() {
        let table = Table::new(100);
        table.keep(1_u64, 10, |_| ());
        for other in 2..1000 {
            assert!(table.look(&1, |()| ()).is_some());
            table.keep(other, 10, |_| ());
        }
        assert_eq!(table.len(), 10);
        // The hand comes by twice.
        for other in 1000..2000 {
            table.keep(other, 10, |_| ());
        }
        assert!(table.look(&1, |()| ()).is_none());
    }

    #[test]
    fn what_has_no_room_alone_is_not_kept_and_pushes_nothing_else_than_its_own_out() {
        let table = Table::new(100);
        table.keep(1_u64, 40, |_| 'a');
        table.keep(2, 40, |_| 'b');
        table.keep(1, 101, |_| 'c');
        let look = |key| table.look(&key, |value| *value);
        assert_eq!((look(1), look(2), table.len()), (None, Some('b'), 1));
    }

    #[test]
    fn many_places_fill_huge_pages_but_for_what_an_allocator_adds() {
        assert_eq!(in_huge_pages(16_383, 128), 16_383);
        for places in [16_384, 20_000, 300_000] {
            let all = in_huge_pages(places, 128);
            let left = (all * 128).next_multiple_of(HUGE_PAGE) - all * 128;
            assert!(all + 2 >= places && left == 256, "{places}");
        }
    }

    #[test]
    fn a_large_one_has_many_shards_and_each_has_its_share() {
        let table = Table::<u64, ()>::new(64 * SHARD_BYTES);
        for key in 0..64_000 {
            table.keep(key, 1, |_| ());
        }
        let counts: Vec<usize> = table.shards.iter().map(|shard| held(shard).count).collect();
        assert_eq!(counts.iter().sum::<usize>(), 64_000);
        assert!(counts.len() == 64 && counts.iter().all(|count| (700..1300).contains(count)));
    }
}
