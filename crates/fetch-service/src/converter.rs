//! Conversions run on threads of their own: they take time that belongs to other requests, and a
//! stack that the runtime's threads do not have.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// The reader's recursion is bounded (256 levels); this is many times what it needs.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// For one conversion, waiting included.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs at most as many conversions at a time as the machine has cores.
#[derive(Debug, Clone)]
pub(crate) struct Converter {
    permits: Arc<Semaphore>,
}

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
            permits: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Runs `job`. A panic in it is a [`ConversionError::Failed`], not the end of the process.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ConversionError> {
        timeout(LIMIT, self.start(job))
            .await
            .unwrap_or(Err(ConversionError::TooLong))
    }

    async fn start<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ConversionError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| ConversionError::Failed)?;
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("convert".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                // Nobody may be waiting any more.
                let _ = sender.send(job());
                drop(permit);
            })
            .map_err(|_| ConversionError::Failed)?;
        receiver.await.map_err(|_| ConversionError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConversionError, Converter};

    #[tokio::test]
    async fn a_panic_is_a_failed_conversion_and_frees_its_place() {
        let converter = Converter::new();
        for _ in 0..64 {
            let outcome = converter.run(|| panic!("hostile page")).await;
            let outcome: Result<(), _> = outcome;
            assert_eq!(outcome, Err(ConversionError::Failed));
        }
        assert_eq!(converter.run(|| 7).await, Ok(7));
    }
}
