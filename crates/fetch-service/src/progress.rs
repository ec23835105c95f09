//! A client that asked for it hears that a slow call goes on. One that is quick says nothing, and
//! is answered by one JSON object instead of a stream.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use tokio::time::{Instant, interval_at};

/// Between one word and the next, and before the first.
const EVERY: Duration = Duration::from_secs(2);

/// Does the work, and tells of it while it takes its time.
pub(crate) async fn told<T>(
    context: &RequestContext<RoleServer>,
    work: impl Future<Output = T>,
) -> T {
    let Some(token) = context.meta.get_progress_token() else {
        return work.await;
    };
    let began = Instant::now();
    let mut ticks = interval_at(began + EVERY, EVERY);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            outcome = &mut work => return outcome,
            _ = ticks.tick() => {
                let seconds = began.elapsed().as_secs_f64();
                let notice = ProgressNotificationParam::new(token.clone(), seconds)
                    .with_message(format!("still fetching, after {seconds:.0} seconds"));
                // Nobody may be listening any more; then the work will be dropped, too.
                let _ = context.peer.notify_progress(notice).await;
            }
        }
    }
}
