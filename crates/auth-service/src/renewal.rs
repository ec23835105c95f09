//! Keeps fresh what clients in use have at addresses of their own: their documents and their keys.

use std::sync::Arc;
use std::time::Duration;

use crate::flows::{Context, errands};

/// How often it is looked at what is due.
const EVERY: Duration = Duration::from_secs(30);

/// Goes on with what was kept fresh before, and never ends.
pub async fn keep(context: Arc<Context>) {
    if let Err(error) = errands::resume(&context).await {
        let error = app_shell::error_chain(&error);
        tracing::warn!(error, "the keys of clients are fetched as they come");
    }
    loop {
        errands::renew_what_is_in_use(&context).await;
        tokio::time::sleep(EVERY).await;
    }
}
