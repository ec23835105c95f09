//! `docs/audit.md` describes each event that the code has, and no other.

use std::collections::BTreeSet;

use crate::{quoted, rows, text};

const EVENTS: &str = "crates/token-core/src/audit.rs";
const REASONS: &str = "crates/token-core/src/audit/reason.rs";
const DOC: &str = "docs/audit.md";

/// The variants of an enum of a file, as they are written in a record.
fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let source = text(file);
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| snake_case(line.split([' ', ',', '(']).next().unwrap_or(line)))
        .collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[test]
fn audit_md_describes_each_event_and_no_other() {
    let described = rows(&text(DOC)).into_iter().map(|row| {
        assert_eq!(row.len(), 3, "{row:?}");
        quoted(&row[0]).concat()
    });
    let described: BTreeSet<_> = described.collect();
    assert_eq!(described, variants(EVENTS, "AuditEvent"));
}

#[test]
fn audit_md_names_each_reason() {
    let doc = text(DOC);
    for reason in variants(REASONS, "FailureReason") {
        // Those of a token stand under their own names.
        let named = reason == "token" || doc.contains(&format!("`{reason}`"));
        assert!(named, "{DOC} does not name {reason}");
    }
}
