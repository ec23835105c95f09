//! How far a long walk through the store has come: a bar on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A walk that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar, drawn to standard error.
pub(crate) struct Progress {
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// For a walk over about `extent` things.
    pub(crate) fn over(extent: u64, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(extent), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, shown: false }
    }

    /// None: rows on the same terminal say enough.
    pub(crate) fn none() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            shown: true,
        }
    }

    /// So much more was looked at.
    pub(crate) fn advance(&mut self, looked_at: u64) {
        if !self.shown && self.bar.elapsed() > PATIENCE {
            // Draws nothing where there is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        let end = self.bar.length().unwrap_or_default();
        // The extent was an estimate.
        let position = self.bar.position().saturating_add(looked_at).min(end);
        self.bar.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
