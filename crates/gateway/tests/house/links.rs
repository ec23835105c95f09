//! Links of the documentation lead to files and headings that exist.

use std::path::{Path, PathBuf};

use crate::{files, root, text};

fn documents() -> Vec<PathBuf> {
    let of_the_root = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ];
    let mut documents = of_the_root.map(PathBuf::from).to_vec();
    documents.extend(files("docs", ".md"));
    documents.extend(files("crates", ".md"));
    documents
}

/// The targets of a document's links, those to other sites aside.
fn targets(document: &str) -> Vec<&str> {
    let targets = document.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// A heading as code hosts name it in an address.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text: String = heading.to_lowercase().chars().filter(kept).collect();
    text.replace(' ', "-")
}

fn has_heading(document: &Path, wanted: &str) -> bool {
    let text = text(document);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .any(|own| own == wanted)
}

#[test]
fn every_relative_link_resolves() {
    let mut links = 0;
    for document in documents() {
        for target in targets(&text(&document)) {
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() {
                document.clone()
            } else {
                document.with_file_name(path)
            };
            let here = document.display();
            assert!(root().join(&there).exists(), "{here}: no {target}");
            assert!(
                fragment.is_empty() || has_heading(&there, fragment),
                "{here}: no heading {target}"
            );
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links were found");
}
