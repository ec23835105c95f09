//! The frame of every `main`.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use crate::error_chain::error_chain;

/// Runs `main` on an actix system until it ends.
///
/// An error goes to standard error as `NAME: error: CAUSE: ITS CAUSE`, one line for each line of
/// its text (a [`SettingsError`](crate::settings::SettingsError) has one for each fault), and the
/// exit code is 1. No panic, no backtrace: the reader is an operator.
pub fn run(name: &str, main: impl Future<Output = Result<(), Box<dyn Error>>>) -> ExitCode {
    match actix_web::rt::System::new().block_on(main) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(std::io::stderr(), "{}", report(name, error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn report(name: &str, error: &(dyn Error + 'static)) -> String {
    let chain = error_chain(error);
    let lines: Vec<_> = chain
        .lines()
        .map(|line| format!("{name}: error: {line}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{report, run};

    #[test]
    fn every_line_of_an_error_carries_the_name() {
        let error = std::io::Error::other("A is not set\nB is not set");
        assert_eq!(
            report("forward-auth", &error),
            "forward-auth: error: A is not set\nforward-auth: error: B is not set"
        );
    }

    #[test]
    fn an_error_is_a_failing_exit_code() {
        let failed = run("test", async { Err("no".into()) });
        let passed = run("test", async { Ok(()) });
        assert_eq!(
            format!("{failed:?}"),
            format!("{:?}", std::process::ExitCode::FAILURE)
        );
        assert_eq!(
            format!("{passed:?}"),
            format!("{:?}", std::process::ExitCode::SUCCESS)
        );
    }
}
