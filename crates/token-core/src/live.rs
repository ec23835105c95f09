//! A value that changes while the process runs, and a number by which who remembers something that
//! was made of it finds out that it has changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The value of the moment. Take it once for each decision: two looks may see two values.
#[derive(Debug, Default)]
pub struct Live<T> {
    value: RwLock<Arc<T>>,
    version: AtomicU64,
}

impl<T> Live<T> {
    /// Begins with this value.
    pub fn new(value: T) -> Self {
        Self {
            value: RwLock::new(Arc::new(value)),
            version: AtomicU64::new(0),
        }
    }

    /// The value as it is now.
    pub fn current(&self) -> Arc<T> {
        // A writer only swaps one pointer, so a panic cannot leave it half done.
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Grows *after* the value has changed: who takes the version first and the value then never
    /// takes an old value for a new one.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Puts this value in the place of the present one.
    pub fn replace(&self, value: T) {
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
        self.version.fetch_add(1, Ordering::Release);
    }
}
