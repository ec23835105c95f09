//! The report as one HTML file: no script, nothing from elsewhere, charts as SVG.

use std::collections::BTreeMap;

use askama::Template;

use super::super::output::grouped;
use super::super::system::System;
use super::super::when::{length, minute};
use super::figures::Figures;
use super::series::Series;
use token_core::Seconds;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    issuer: String,
    since: String,
    until: String,
    step: String,
    notices: Vec<String>,
    sections: Vec<Section>,
    availability: String,
    unusual: Vec<Row>,
}

struct Section {
    title: &'static str,
    explained: &'static str,
    charts: Vec<Chart>,
}

struct Chart {
    name: String,
    total: String,
    most: String,
    path: String,
    is_bad: bool,
}

struct Row {
    at: String,
    kind: &'static str,
    what: String,
}

const HEIGHT: u64 = 60;

pub(crate) fn render(system: &System, figures: &Figures) -> askama::Result<String> {
    page(system.issuer.as_str(), figures).render()
}

#[cfg(test)]
pub(super) fn rendered(issuer: &str, figures: &Figures) -> String {
    page(issuer, figures).render().unwrap()
}

fn page(issuer: &str, figures: &Figures) -> Page {
    let good = |name: &str| matches!(name, "connected" | "allowed");
    let section = |title, explained, from: &BTreeMap<String, Series>| Section {
        title,
        explained,
        charts: from
            .iter()
            .map(|(name, series)| Chart {
                name: name.replace('_', " "),
                total: grouped(series.total()),
                most: grouped(series.most()),
                path: series.path(HEIGHT),
                is_bad: !good(name),
            })
            .collect(),
    };
    Page {
        issuer: issuer.to_owned(),
        since: minute(figures.since),
        until: minute(figures.until),
        step: length(Seconds(figures.step().0)),
        notices: figures.notices(),
        sections: vec![
            section(
                "Logins",
                "Attempts by how they ended. gateway trace tells each.",
                &figures.logins,
            ),
            section(
                "Refused at sign-in and token endpoint",
                "By reason, as docs/audit.md explains them.",
                &figures.failures,
            ),
            section(
                "Refused at the edge",
                "Requests that the verifier turned away, by reason.",
                &figures.denials,
            ),
            section(
                "Requests decided",
                "As the verifiers counted them, every five minutes.",
                &figures.requests,
            ),
        ],
        availability: figures.availability(),
        unusual: figures
            .unusual
            .iter()
            .map(|finding| Row {
                at: minute(finding.at),
                kind: finding.kind,
                what: finding.what.clone(),
            })
            .collect(),
    }
}
