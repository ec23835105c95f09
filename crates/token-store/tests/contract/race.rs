//! Many callers at the same moment.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many callers race.
pub(crate) const RACERS: usize = 64;

/// Runs every call at the same moment, and gives their results in no order.
pub(crate) async fn race<F>(calls: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let calls: Vec<F> = calls.into_iter().collect();
    let start = Arc::new(Barrier::new(calls.len()));
    let mut racers = JoinSet::new();
    for call in calls {
        let start = Arc::clone(&start);
        racers.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    racers.join_all().await
}
