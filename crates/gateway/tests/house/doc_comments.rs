//! Each file says what it is; each crate what it is not and what it may depend on.

use std::path::Path;

use crate::{files, root, text};

/// The documentation comment at the top of a file.
fn head(path: &Path) -> String {
    let text = text(path);
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join("\n")
}

/// The first paragraph of it, on one line.
pub(crate) fn opening(path: &Path) -> String {
    let head = head(path);
    let paragraph = head.split("\n\n").next().unwrap_or_default();
    paragraph.trim().replace('\n', " ")
}

#[test]
fn every_file_of_the_protocol_says_what_it_is() {
    for directory in [
        "crates/auth-service/src",
        "crates/forward-auth/src",
        "crates/token-core/src",
        "crates/token-store/src",
    ] {
        for file in files(directory, ".rs") {
            if file.file_name().is_some_and(|name| name != "tests.rs") {
                assert_ne!(opening(&file), "", "{} has no opening", file.display());
            }
        }
    }
}

#[test]
fn every_crate_says_what_it_is_not_and_what_it_may_depend_on() {
    for manifest in files("crates", "Cargo.toml") {
        let source = manifest.with_file_name("src");
        let library = source.join("lib.rs");
        let head = if root().join(&library).exists() {
            head(&library)
        } else {
            head(&source.join("main.rs"))
        };
        let head = head.to_lowercase().replace('\n', " ");
        let crate_name = manifest.display();
        assert!(
            head.contains("is not") || head.contains("not a "),
            "{crate_name}: what is it not?"
        );
        assert!(head.contains("depend"), "{crate_name}: what may it use?");
    }
}
