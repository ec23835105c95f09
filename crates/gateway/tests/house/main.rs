//! What the documentation says about the tree is so: the files say what they are, the map of the
//! specifications leads to code and tests that exist, every setting is explained, links resolve.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's helpers fail by panicking"
)]

mod audit;
mod doc_comments;
mod doctor;
mod figures;
mod links;
mod rfc_map;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

/// The directory of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A text file, by its path below the workspace.
fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files with this ending below a directory, as paths below the workspace. What is fetched or
/// built is not ours.
fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && !["target", "node_modules", ".venv"].contains(&name.as_ref()) {
                open.push(path);
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no *{ending} below {directory}");
    found
}

/// The cells of every row of a document's tables, without heads and rules.
fn rows(document: &str) -> Vec<Vec<String>> {
    let lines: Vec<_> = document.lines().collect();
    let is_row = |line: &&str| line.starts_with('|');
    let is_rule = |line: &str| line.starts_with("|--") || line.starts_with("|:-");
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_row(line)) {
        let is_head = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if !is_head && !is_rule(line) {
            // A bar within a cell is written `\|`.
            let line = line.trim().trim_matches('|').replace("\\|", "\u{0}");
            let cells = line.split('|');
            rows.push(
                cells
                    .map(|cell| cell.trim().replace('\u{0}', "|"))
                    .collect(),
            );
        }
    }
    rows
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
