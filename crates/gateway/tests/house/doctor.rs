//! `docs/doctor.md` has a row for every check, with the words that the doctor itself says.

use std::collections::BTreeMap;
use std::process::Command;

use crate::{quoted, rows, text};

/// The checks with their reasons, as `--help` lists them.
fn checks() -> BTreeMap<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let output = command.args(["doctor", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, values) = help.split_once("Possible values:").unwrap();
    let values = values.lines().map(str::trim).skip(1);
    let values = values.take_while(|line| line.starts_with("- "));
    values
        .map(|line| {
            let (name, why) = line.trim_start_matches("- ").split_once(':').unwrap();
            (name.trim().to_owned(), why.trim().to_owned())
        })
        .collect()
}

#[test]
fn every_check_has_its_row_and_no_row_is_of_another() {
    let mut explained = BTreeMap::new();
    for row in rows(&text("docs/doctor.md")) {
        let [name, why, mend] = row.as_slice() else {
            continue;
        };
        assert!(!mend.is_empty(), "{name} has no mend");
        let why = why.trim_end_matches('.').to_owned();
        let twice = explained.insert(quoted(name).concat(), why);
        assert!(twice.is_none(), "{name} is explained twice");
    }
    let checks = checks();
    assert!(checks.len() > 30, "{checks:?}");
    assert_eq!(explained, checks);
}
