//! What must hold of whatever comes in, by the functions that the fuzz targets call: with every
//! file of their corpora and with what proptest makes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail by panicking"
)]

use std::path::Path;

use proptest::prelude::*;

#[path = "../../../fuzz/src/robots.rs"]
mod robots;

/// Runs every file of a corpus; how many there are.
fn replay(target: &str, run: fn(&[u8])) -> usize {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = std::fs::read_dir(corpora.join(target)).unwrap();
    files
        .map(|file| run(&std::fs::read(file.unwrap().path()).unwrap()))
        .count()
}

#[test]
fn the_corpus_of_robots_holds() {
    assert!(replay("robots", robots::robots) >= 5);
}

proptest! {
    #[test]
    fn any_robots_txt_holds(
        path in "[a-c%2*$?/é]{0,12}",
        lines in proptest::collection::vec(
            prop_oneof![
                "(User-agent|Disallow|ALLOW|Sitemap) ?: ?[/*][a-c%2*$?/é]{0,8}",
                Just("User-agent: *".to_owned()),
                Just("User-agent: MCP-fetch/1".to_owned()),
                ".{0,20}",
            ],
            0..12,
        ),
    ) {
        robots::robots(format!("{path}\n{}", lines.join("\n")).as_bytes());
    }

    #[test]
    fn any_bytes_hold(bytes: Vec<u8>) {
        robots::robots(&bytes);
    }
}
