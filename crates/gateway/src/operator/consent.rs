//! The operator's consent to what destroys.

use std::error::Error;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

/// What every command that destroys takes.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Destroying {
    /// Only count what would go
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask; needed where nobody can be asked
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Say what was done as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Destroying {
    /// Whether somebody can be asked, needs not be, or nothing is destroyed.
    pub(crate) fn can_be_answered(self) -> bool {
        self.yes || self.dry_run || (io::stdin().is_terminal() && io::stderr().is_terminal())
    }

    /// Asks, unless it was answered on the command line.
    ///
    /// # Errors
    /// The answer is not yes.
    pub(crate) fn ask(self, what: &str) -> Result<(), Box<dyn Error>> {
        if self.yes {
            return Ok(());
        }
        let mut error = anstream::stderr();
        write!(error, "{what}. This cannot be undone. Go on? [y/N] ")?;
        error.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err("nothing was done".into())
        }
    }
}
