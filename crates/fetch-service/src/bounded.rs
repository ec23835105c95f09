//! Memory that has a bound: what was not used for long makes room.

use std::hash::Hash;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// So few that the cache is not parted into shards, each with its part of the bytes: a large page
/// takes a third of them.
const UNPARTED: usize = 32;

/// A cache of at most so many bytes, as `weighter` counts them.
pub(crate) fn cache<K, V, W>(bytes: u64, weighter: W) -> Cache<K, V, W>
where
    K: Eq + Hash,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    Cache::with_weighter(UNPARTED, bytes, weighter)
}
