//! `soak [SECONDS]` (five minutes where nothing is said): load, revocations and restarts of Redis
//! on the real processes, as `test_kit::soak` tells. Fails where an answer was wrong, where the
//! verifier could not decide although Redis was there, or where a process grew.
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::process::ExitCode;
use std::time::Duration;

use test_kit::soak;

const SECONDS: u64 = 300;

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map(|text| text.parse::<u64>());
    let seconds = seconds.transpose()?.unwrap_or(SECONDS);
    let report = soak::run(Duration::from_secs(seconds)).await;
    println!("{report}");
    let well = report.wrong.is_empty() && report.impatient == 0 && report.is_flat();
    Ok(ExitCode::from(u8::from(!well)))
}
