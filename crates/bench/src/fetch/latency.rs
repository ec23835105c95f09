//! What a call takes beyond the raw download of the same page, one at a time.

use std::time::Instant;

use super::{Plan, Scene};
use crate::Outcome;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::Spread;

/// A download, a call of ours and one of the reference's, in turns, each of a page of its own.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let mut scene = Scene::start(plan, 1)?;
    let caller = scene.ours.caller();
    let (mut raw, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let reference = scene.reference.first_mut().ok_or("no reference")?;
    let site = &scene.site;
    scene.runtime.block_on(async {
        for call in 0..=plan.calls {
            let url = |who| site.url(&format!("/article/latency-{who}-{call}"));
            let times = [
                millis(caller.download(&url("raw"))).await?,
                millis(caller.fetch(&url("ours"))).await?,
                millis(reference.fetch(&url("theirs"))).await?,
            ];
            // The first of each opens connections and loads code.
            if call > 0 {
                let [download, our, their] = times;
                raw.push(download);
                ours.push(our);
                theirs.push(their);
            }
        }
        Outcome::Ok(())
    })?;
    let raw = Spread::of(raw).median;
    let (ours, theirs) = (
        Spread::of(ours).median - raw,
        Spread::of(theirs).median - raw,
    );
    report.add(Figure {
        name: format!(
            "median latency beyond the raw download ({} ms)",
            number(raw)
        ),
        ours: format!("{} ms", number(ours)),
        control: format!("{} ms", number(theirs)),
        result: Spread::of([ours / theirs]),
        unit: "",
        goal: Goal::AtMost(0.1),
    });
    Ok(())
}

async fn millis<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<f64> {
    let begin = Instant::now();
    work.await?;
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}
