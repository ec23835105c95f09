//! Somebody who asks the store all the while, as a verifier and the authorization server do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use token_core::secret::SecretHash;
use token_core::store::{Store, StoreError};
use token_core::{Clock as _, GrantId, Jti, Seconds, SystemClock, SystemEntropy};

use crate::Outcome;

const PAUSE: Duration = Duration::from_millis(1);

/// Runs in a thread of its own.
pub(super) struct Beside {
    is_over: Arc<AtomicBool>,
    asker: JoinHandle<Result<f64, StoreError>>,
}

impl Beside {
    pub(super) fn begin(store: Box<dyn Store>) -> Outcome<Self> {
        let entropy = SystemEntropy::new();
        let jti = Jti::generate(&GrantId::generate(&entropy)?, &entropy)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&is_over);
        let asker = std::thread::spawn(move || {
            runtime.block_on(async {
                let (mut longest, mut number) = (Duration::ZERO, 0_u64);
                // The first one connects.
                store.is_active(&jti, SystemClock.now()).await?;
                while !heard.load(Ordering::Relaxed) {
                    let now = SystemClock.now();
                    let began = Instant::now();
                    store.is_active(&jti, now).await?;
                    let thing = SecretHash::of(&format!("{jti} {number}"));
                    store.first_use(&thing, now.plus(Seconds(60)), now).await?;
                    longest = longest.max(began.elapsed());
                    number += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(longest.as_secs_f64() * 1000.0)
            })
        });
        Ok(Self { is_over, asker })
    }

    /// How long the longest wait was, for a look at a token and a write, in milliseconds.
    pub(super) fn end(self) -> Outcome<f64> {
        self.is_over.store(true, Ordering::Relaxed);
        let longest = self.asker.join().map_err(|_| "the asker panicked")?;
        Ok(longest?)
    }
}
