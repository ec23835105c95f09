//! The saved pages: what a reader needs of each must be in what is read, what nobody needs must
//! not, and all of it is as it was when somebody last looked (`expected/`). After a change that is
//! meant, `UPDATE_CORPUS=1 cargo nextest run -p fetch-service --test corpus` writes them anew;
//! `scripts/corpus-report` sets them beside what `mcp-server-fetch` makes of the same pages.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use fetch_service::reader::{Content, Page, Stop, View, read};
use serde::Deserialize;
use url::Url;

#[derive(Deserialize)]
struct Saved {
    file: String,
    content_type: String,
    url: Url,
    must: Vec<String>,
    must_not: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn saved_pages() -> Vec<Saved> {
    let list = fs::read_to_string(folder().join("pages.json")).unwrap();
    serde_json::from_str(&list).unwrap()
}

/// What the tool shows of a page: its text, or what it says instead.
fn shown(saved: &Saved) -> String {
    let page = Page {
        body: fs::read(folder().join("pages").join(&saved.file))
            .unwrap()
            .into(),
        content_type: Some(saved.content_type.clone()),
        url: saved.url.clone(),
    };
    match read(&page, &View::default(), &Stop::default()) {
        Ok(reading) => {
            let notes = reading.notes.iter().map(|note| format!("Note: {note}.\n"));
            let content = match reading.content {
                Content::Text { text, .. } => text,
                Content::Image(image) => {
                    format!("[{} of {} bytes]", image.media_type, image.bytes.len())
                }
            };
            notes.collect::<String>() + &content + "\n"
        }
        Err(error) => format!("Error: {error}\n"),
    }
}

/// As the report compares too: white space counts once.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn there_are_many_pages_and_each_is_listed() {
    let pages = saved_pages();
    assert!(pages.len() >= 40, "{}", pages.len());
    for folder_name in ["pages", "expected"] {
        let files = fs::read_dir(folder().join(folder_name)).unwrap().count();
        assert_eq!(files, pages.len(), "{folder_name}");
    }
    for page in &pages {
        assert!(page.must.len() + page.must_not.len() >= 2, "{}", page.file);
    }
}

#[test]
fn what_must_be_there_is_and_what_must_not_is_not() {
    let mut faults = Vec::new();
    for saved in saved_pages() {
        let text = normal(&shown(&saved));
        let is_in = |phrase: &&String| text.contains(&normal(phrase));
        let missing = saved.must.iter().filter(|phrase| !is_in(phrase));
        faults.extend(missing.map(|phrase| format!("{}: misses {phrase:?}", saved.file)));
        let surplus = saved.must_not.iter().filter(is_in);
        faults.extend(surplus.map(|phrase| format!("{}: has {phrase:?}", saved.file)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_reads_as_it_did() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let mut changed = Vec::new();
    for saved in saved_pages() {
        let file = folder().join("expected").join(format!("{}.md", saved.file));
        let text = shown(&saved);
        if update {
            fs::create_dir_all(folder().join("expected")).unwrap();
            fs::write(file, text).unwrap();
        } else if fs::read_to_string(file).unwrap_or_default() != text {
            changed.push(saved.file);
        }
    }
    assert!(changed.is_empty(), "UPDATE_CORPUS=1 if meant: {changed:?}");
}
