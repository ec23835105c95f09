//! What a page costs by its size, and one that nests too deeply.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::site::LEVELS;
use super::{Plan, Scene};
use crate::Outcome;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::Spread;

/// The sizes, in kilobytes.
const SIZES: [u32; 4] = [10, 100, 1000, 10_000];
/// After this long the reference has not answered.
const PATIENCE: Duration = Duration::from_mins(1);

/// Processor time for each size, per megabyte; then the deep page.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let mut scene = Scene::start(plan, 1)?;
    let caller = scene.ours.caller();
    let mut costs = Vec::new();
    for kilobytes in SIZES {
        // Enough of each for the kernel's clock, which counts in hundredths of a second.
        let pages = (20_000 / kilobytes).clamp(3, 400);
        let before = scene.ours.cpu()?;
        for page in 0..pages {
            let path = format!("/size/{}/{page}", u64::from(kilobytes) * 1000);
            scene
                .runtime
                .block_on(caller.fetch(&scene.site.url(&path)))?;
        }
        let spent = scene.ours.cpu()?.saturating_sub(before).as_secs_f64() * 1000.0;
        costs.push(spent / f64::from(pages) / (f64::from(kilobytes) / 1000.0));
    }
    let shown: Vec<_> = SIZES
        .iter()
        .zip(&costs)
        .map(|(size, cost)| format!("{size} kB: {}", number(*cost)))
        .collect();
    let [.., one, ten] = costs.as_slice() else {
        return Err("too few sizes".into());
    };
    report.add(Figure {
        name: "processor time per megabyte of page: 10 MB to 1 MB".to_owned(),
        ours: format!("{} ms", shown.join(", ")),
        control: String::new(),
        result: Spread::of([ten / one]),
        unit: "",
        goal: Goal::AtMost(1.5),
    });
    let url = scene.site.url("/deep/1");
    let (took, _) = scene.runtime.block_on(timed(caller.fetch(&url)));
    let reference = scene.reference.first_mut().ok_or("no reference")?;
    let their = scene.runtime.block_on(timed(reference.fetch(&url)));
    report.add(Figure {
        name: format!("a page of {LEVELS} levels"),
        ours: format!("{} ms", number(took)),
        control: format!("{} ms, {}", number(their.0), their.1),
        result: Spread::of([took]),
        unit: "ms",
        goal: Goal::AtMost(1000.0),
    });
    Ok(())
}

/// Milliseconds, and how it ended.
async fn timed(work: impl Future<Output = Outcome<String>>) -> (f64, &'static str) {
    let begin = Instant::now();
    let ended = match timeout(PATIENCE, work).await {
        Ok(Ok(_)) => "answered",
        Ok(Err(_)) => "an error",
        Err(_) => "not answered",
    };
    (begin.elapsed().as_secs_f64() * 1000.0, ended)
}
