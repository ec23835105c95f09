//! Calls a second by eight clients, each for a page that nobody asked for before, and the memory
//! that takes.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::{CLIENTS, Plan, Scene};
use crate::Outcome;
use crate::report::{Figure, Goal, Report, number};
use crate::stats::Spread;

/// Load in turns, ours and the reference's.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let mut scene = Scene::start(plan, CLIENTS)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        ours.push(our_round(&scene, plan, round)?);
        theirs.push(their_round(&mut scene, plan, round)?);
    }
    let median = |rates: &[f64]| Spread::of(rates.iter().copied()).median;
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs);
    report.add(Figure {
        name: "calls, 50 kB article, 8 clients, distinct URLs".to_owned(),
        ours: format!("{}/s", number(median(&ours))),
        control: format!("{}/s", number(median(&theirs))),
        result: Spread::of(ratios),
        unit: "",
        goal: Goal::AtLeast(20.0),
    });
    let our_peak = scene.ours.peak()?;
    let peaks = scene.reference.iter().map(super::Reference::peak);
    let their_peak: f64 = peaks.sum::<Outcome<f64>>()?;
    report.add(Figure {
        name: "resident memory under that load, at its peak".to_owned(),
        ours: format!("{} MB", number(our_peak)),
        control: format!("{} MB in {CLIENTS} processes", number(their_peak)),
        result: Spread::of([our_peak / their_peak]),
        unit: "",
        goal: Goal::AtMost(0.25),
    });
    Ok(())
}

fn our_round(scene: &Scene, plan: &Plan, round: u32) -> Outcome<f64> {
    let length = Duration::from_secs(plan.seconds);
    let begin = Instant::now();
    let clients = (0..CLIENTS).map(async |client| {
        let caller = scene.ours.caller();
        let mut calls = 0_u32;
        while begin.elapsed() < length {
            let path = format!("/article/ours-{round}-{client}-{calls}");
            caller.fetch(&scene.site.url(&path)).await?;
            calls += 1;
        }
        Outcome::Ok(calls)
    });
    let calls = scene.runtime.block_on(try_join_all(clients))?;
    Ok(f64::from(calls.iter().sum::<u32>()) / begin.elapsed().as_secs_f64())
}

fn their_round(scene: &mut Scene, plan: &Plan, round: u32) -> Outcome<f64> {
    let length = Duration::from_secs(plan.seconds);
    let begin = Instant::now();
    let site = &scene.site;
    let clients = scene.reference.iter_mut().enumerate();
    let clients = clients.map(async |(client, reference)| {
        let mut calls = 0_u32;
        while begin.elapsed() < length {
            let path = format!("/article/theirs-{round}-{client}-{calls}");
            reference.fetch(&site.url(&path)).await?;
            calls += 1;
        }
        Outcome::Ok(calls)
    });
    let calls = scene.runtime.block_on(try_join_all(clients))?;
    Ok(f64::from(calls.iter().sum::<u32>()) / begin.elapsed().as_secs_f64())
}
