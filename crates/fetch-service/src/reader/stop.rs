//! A word to a conversion that nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Unreadable;

/// Set by whoever gives a conversion up, and looked at between its steps and while a page is
/// parsed or compared with the selectors of its sheets: what is left of it then is one step, the
/// longest of which is the search for the main content. That grows with the page. A PDF's process
/// is ended. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Gives the conversion up.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails where it was given up.
    pub(crate) fn check(&self) -> Result<(), Unreadable> {
        if self.is_set() {
            Err(Unreadable::GivenUp)
        } else {
            Ok(())
        }
    }
}
