//! What is drawn and watched is told: each figure of the alerts and of the dashboard is in
//! `docs/metrics.md`, and each alert too.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{quoted, rows, text};

const DOCUMENT: &str = "docs/metrics.md";

fn described() -> BTreeSet<String> {
    let document = text(Path::new(DOCUMENT));
    let rows = rows(&document);
    let names = rows.iter().filter_map(|row| row.first());
    let quoted = names.flat_map(|name| quoted(name));
    quoted.map(str::to_owned).collect()
}

/// The words of a text that are figures of ours, without what a histogram adds to its name.
fn figures(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c));
    let ours = words.filter(|word| word.starts_with("gateway_") || word.starts_with("process_"));
    let plain = ours.map(|word| {
        let ends = ["_bucket", "_count", "_sum"];
        let end = ends.iter().find_map(|end| word.strip_suffix(end));
        end.unwrap_or(word).to_owned()
    });
    plain.collect()
}

#[test]
fn every_figure_of_alerts_and_dashboard_is_described() {
    let described = described();
    for file in [
        "deploy/observability/alerts.yml",
        "deploy/observability/alerts.test.yml",
        "deploy/observability/grafana/gateway.json",
    ] {
        let used = figures(&text(Path::new(file)));
        assert!(used.len() > 4, "{file}: {used:?}");
        let unknown: Vec<_> = used.difference(&described).collect();
        assert!(
            unknown.is_empty(),
            "{file} has {unknown:?}, and {DOCUMENT} has not"
        );
    }
}

#[test]
fn every_alert_is_described_and_tested() {
    let rules = text(Path::new("deploy/observability/alerts.yml"));
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: BTreeSet<_> = alerts.map(str::to_owned).collect();
    let described = described();
    let told = described.iter().filter(|name| name.starts_with("Gateway"));
    let told: BTreeSet<_> = told.collect();
    assert_eq!(alerts.iter().collect::<BTreeSet<_>>(), told);
    let tests = text(Path::new("deploy/observability/alerts.test.yml"));
    for alert in &alerts {
        assert!(
            tests.contains(&format!("alertname: {alert}}}")),
            "{alert} is never silent"
        );
        assert!(
            tests.contains(&format!("alertname=\"{alert}\"")),
            "{alert} never fires"
        );
    }
}
