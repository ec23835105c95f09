//! `docs/rfc-map.md`: its files and its tests exist, no file that names a specification is missing
//! from it, and neither is a number of its lists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::doc_comments::opening;
use crate::{files, quoted, root, rows, text};

const MAP: &str = "docs/rfc-map.md";
/// Its table of attacks names the test of each in its last of three cells.
const ATTACKS: &str = "docs/security.md";

/// The lists that it goes through number by number: what stands before a number, and the last one.
const LISTS: [(&str, u32); 7] = [
    ("A", 21),
    ("C", 10),
    ("R", 16),
    ("P", 7),
    ("S", 21),
    ("client line ", 26),
    ("defect ", 39),
];

/// Files, then tests: the last two cells of a row.
fn mapped() -> Vec<(Vec<String>, Vec<String>)> {
    let own = |cell: &str| quoted(cell).into_iter().map(str::to_owned).collect();
    let rows = rows(&text(MAP));
    assert!(rows.len() > 40, "the map has {} rows", rows.len());
    rows.iter()
        .map(|row| match row.as_slice() {
            [_, _, files, tests] => (own(files), own(tests)),
            _ => (Vec::new(), Vec::new()),
        })
        .collect()
}

/// Crates are named without `crates/` before them.
fn exists(path: &str) -> bool {
    root().join("crates").join(path).is_file() || root().join(path).is_file()
}

#[test]
fn every_row_names_files_and_tests() {
    for (at, (files, tests)) in mapped().iter().enumerate() {
        assert!(!files.is_empty() && !tests.is_empty(), "row {}", at + 1);
        for file in files {
            assert!(exists(file), "row {}: no file {file}", at + 1);
        }
    }
}

#[test]
fn every_number_of_a_list_has_one_row() {
    let rows = rows(&text(MAP));
    for (list, last) in LISTS {
        for item in (1..=last).map(|number| format!("{list}{number}")) {
            let own = rows.iter().filter(|row| row.first() == Some(&item));
            assert_eq!(own.count(), 1, "rows for {item}");
        }
    }
}

#[test]
fn every_test_of_the_map_exists() {
    assert_exist(mapped().into_iter().flat_map(|(_, tests)| tests));
}

#[test]
fn every_attack_has_tests_and_each_exists() {
    let attacks = rows(&text(ATTACKS));
    let attacks = attacks.iter().filter(|row| row.len() == 3);
    let tests: Vec<_> = attacks.map(|row| (&row[0], quoted(&row[2]))).collect();
    assert!(tests.len() > 30, "{ATTACKS} has {} attacks", tests.len());
    for (attack, tests) in &tests {
        assert!(!tests.is_empty(), "no test of: {attack}");
    }
    let tests = tests.into_iter().flat_map(|(_, tests)| tests);
    assert_exist(tests.map(str::to_owned));
}

#[test]
fn every_advantage_over_other_fetch_servers_has_tests_and_each_exists() {
    let advantages = rows(&text("docs/fetch-peers.md"));
    assert!(advantages.len() > 10, "{} rows", advantages.len());
    let tests = advantages.iter().flat_map(|row| {
        let tests = row.last().map(|proof| quoted(proof)).unwrap_or_default();
        assert!(!tests.is_empty(), "no proof: {row:?}");
        tests
    });
    assert_exist(tests.map(str::to_owned));
}

#[test]
fn every_test_that_the_page_on_security_names_exists() {
    let page = text("docs/security.md");
    let tests = quoted(&page).into_iter().filter(|word| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-:".contains(&b);
        let begins = word.starts_with(|c: char| c.is_ascii_lowercase());
        begins && word.contains("::") && word.bytes().all(allowed)
    });
    let tests: Vec<_> = tests.map(str::to_owned).collect();
    assert!(tests.len() > 30, "{tests:?}");
    assert_exist(tests.into_iter());
}

fn assert_exist(named: impl Iterator<Item = String>) {
    let mut sources = BTreeMap::new();
    let missing: BTreeSet<_> = named
        .filter(|test| {
            let (place, name) = test.split_once("::").unwrap_or_default();
            let texts = sources.entry(place.to_owned()).or_insert_with(|| of(place));
            !texts.iter().any(|text| has_test(place, name, text))
        })
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// The sources among which a test of `place` is.
fn of(place: &str) -> Vec<String> {
    let (directory, ending) = match place {
        "edge" => ("crates/test-kit/edge/tests".to_owned(), ".py"),
        "browser" => ("crates/test-kit/clients/node".to_owned(), "browser.mjs"),
        "clients" => ("crates/test-kit/clients".to_owned(), "run-all.mjs"),
        name => (format!("crates/{name}"), ".rs"),
    };
    files(&directory, ending).iter().map(text).collect()
}

/// Whether a source holds the test: a function with the attribute (or named in a suite's list),
/// a function of pytest, a scenario of the browser, a client of the list.
fn has_test(place: &str, name: &str, source: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    match place {
        "edge" => lines
            .iter()
            .any(|line| line.starts_with(&format!("def {name}("))),
        "browser" => source.contains(&format!("inBrowser('{name}'")),
        "clients" => lines.iter().any(|line| {
            let key = line.split(':').next().unwrap_or_default();
            key.trim_matches('\'') == name
        }),
        _ => {
            let function = format!("fn {name}(");
            let in_suite = || lines.contains(&format!("{name},").as_str());
            lines.iter().enumerate().any(|(at, line)| {
                let above = lines.get(at.saturating_sub(3)..at).unwrap_or_default();
                let is_test = |line: &&str| line.ends_with("test]") || line.contains("::test(");
                line.contains(&function) && above.iter().any(is_test)
            }) || in_suite()
        }
    }
}

#[test]
fn every_file_that_names_a_specification_is_in_the_map() {
    let mapped: BTreeSet<_> = mapped().into_iter().flat_map(|(files, _)| files).collect();
    for directory in [
        "crates/auth-service/src/flows",
        "crates/auth-service/src/http",
        "crates/forward-auth/src",
        "crates/token-core/src",
    ] {
        for file in files(directory, ".rs") {
            let is_root = ["lib.rs", "main.rs"]
                .iter()
                .any(|name| file.ends_with(name));
            let opening = opening(&file);
            let names_one = ["RFC ", "OAuth 2.1", "MCP security"]
                .iter()
                .any(|name| opening.contains(name));
            let in_map = file.strip_prefix("crates").map(Path::to_string_lossy);
            let in_map = in_map.is_ok_and(|path| mapped.contains(path.as_ref()));
            assert!(
                in_map || is_root || !names_one,
                "{} names a specification and is not in {MAP}",
                file.display()
            );
        }
    }
}
