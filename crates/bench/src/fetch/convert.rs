//! The processor time that the corpus takes, fetched and converted.

use super::{Plan, Scene};
use crate::Outcome;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::Spread;

/// Each page once by each side, a round at a time; what a side cannot answer fails the run.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let (mut ours, mut theirs, mut pages) = (Vec::new(), Vec::new(), 0);
    for _ in 0..plan.rounds {
        // A new start: nothing is in memory.
        let mut scene = Scene::start(plan, 1)?;
        pages = scene.site.corpus.len();
        let caller = scene.ours.caller();
        let warm = scene.site.url("/article/warm");
        let reference = scene.reference.first_mut().ok_or("no reference")?;
        scene.runtime.block_on(async {
            caller.fetch(&warm).await?;
            reference.fetch(&warm).await
        })?;
        let (our_start, their_start) = (scene.ours.cpu()?, scene.reference_cpu()?);
        let reference = scene.reference.first_mut().ok_or("no reference")?;
        for path in &scene.site.corpus {
            let url = scene.site.url(path);
            scene.runtime.block_on(async {
                let named = |error| format!("{path}: {error}");
                caller.fetch(&url).await.map_err(named)?;
                reference.fetch(&url).await.map_err(named)
            })?;
        }
        ours.push(scene.ours.cpu()?.saturating_sub(our_start).as_secs_f64());
        theirs.push(
            scene
                .reference_cpu()?
                .saturating_sub(their_start)
                .as_secs_f64(),
        );
    }
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs);
    let ratio = Spread::of(ratios);
    report.add(Figure {
        name: format!("processor time for the corpus, {pages} pages"),
        ours: format!("{} s", number(Spread::of(ours).median)),
        control: format!("{} s", number(Spread::of(theirs).median)),
        result: ratio,
        unit: "",
        goal: Goal::AtMost(1.0 / 15.0),
    });
    Ok(())
}
