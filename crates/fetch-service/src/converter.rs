//! Conversions run on threads of their own: they take time that belongs to other requests, and a
//! stack that the runtime's threads do not have.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::places::Places;
use crate::quota::Admitted;
use crate::reader::Stop;

/// The reader's recursion is bounded (256 levels) in all that it reads on this thread; this is many
/// times what it needs. A PDF's is not, so that one is read by another process.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// For one conversion, waiting included.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs at most as many conversions at a time as the machine has cores, and lets people take turns.
#[derive(Debug, Clone)]
pub(crate) struct Converter {
    places: Places,
}

/// Dropped, it gives the conversion up that somebody waited for.
struct Waiting(Stop);

/// A conversion that did not come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConversionError {
    #[error("the page took too long to convert")]
    TooLong,
    #[error("the page could not be converted")]
    Failed,
}

impl Converter {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            places: Places::new(cores),
        }
    }

    /// Runs `job`. A panic in it is a [`ConversionError::Failed`], not the end of the process.
    ///
    /// A thread cannot be stopped, but told: where nobody waits any more, [`Stop`] is set. Until
    /// `job` has ended `call` is under way, so that nobody has more of them than he may have calls.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: Admitted,
        job: impl FnOnce(&Stop) -> T + Send + 'static,
    ) -> Result<T, ConversionError> {
        timeout(LIMIT, self.start(call, job))
            .await
            .unwrap_or(Err(ConversionError::TooLong))
    }

    async fn start<T: Send + 'static>(
        &self,
        call: Admitted,
        job: impl FnOnce(&Stop) -> T + Send + 'static,
    ) -> Result<T, ConversionError> {
        let place = self.places.take(call.person()).await;
        let place = place.ok_or(ConversionError::Failed)?;
        let stop = Stop::default();
        let _waiting = Waiting(stop.clone());
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("convert".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let outcome = {
                    // Free before the answer is there, whose reader may call again at once.
                    let _places = (call, place);
                    job(&stop)
                };
                // Nobody may be waiting any more.
                let _ = sender.send(outcome);
            })
            .map_err(|_| ConversionError::Failed)?;
        receiver.await.map_err(|_| ConversionError::Failed)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use token_core::UserId;

    use super::{ConversionError, Converter};
    use crate::quota::{Admitted, Exceeded, Limits, Quota};

    const LIMITS: Limits = Limits {
        requests_per_minute: 1000,
        bytes_per_minute: 1,
        at_a_time: 1,
    };

    fn call(quota: &Quota) -> Result<Admitted, Exceeded> {
        quota.admit(&UserId::parse("github|1").unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_failed_conversion_and_frees_its_place() {
        let (converter, quota) = (Converter::new(), Quota::new(LIMITS));
        for _ in 0..64 {
            let outcome = converter.run(call(&quota).unwrap(), |_| panic!("hostile page"));
            let outcome: Result<(), _> = outcome.await;
            assert_eq!(outcome, Err(ConversionError::Failed));
        }
        assert_eq!(converter.run(call(&quota).unwrap(), |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_told_and_is_under_way_until_it_ends() {
        let (converter, quota) = (Converter::new(), Quota::new(LIMITS));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (end, ends) = mpsc::channel::<()>();
        let (stopped, is_stopped) = mpsc::channel();
        let run = converter.run(call(&quota).unwrap(), move |stop| {
            begun.send(()).unwrap();
            ends.recv().unwrap();
            stopped.send(stop.is_set()).unwrap();
        });
        tokio::select! {
            _ = run => panic!("it waits"),
            begins = begins => begins.unwrap(),
        }
        assert_eq!(call(&quota).unwrap_err(), Exceeded::AtATime { limit: 1 });
        end.send(()).unwrap();
        assert!(is_stopped.recv().unwrap(), "it is told");
        while call(&quota).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
