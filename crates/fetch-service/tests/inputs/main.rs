//! Any page at all, by the functions that the fuzz targets `html`, `charset`, `feed` and `pdf` call:
//! with every file of their corpora, with the saved pages, and with what proptest makes.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

#[path = "../../../../fuzz/src/pages.rs"]
#[expect(
    unreachable_pub,
    reason = "where the fuzz targets call it, it is a library"
)]
mod pages;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// Feeds every file of a folder: how many there are.
fn replay(folder: &str, entry: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|file| entry(&fs::read(file.unwrap().path()).unwrap()))
        .count()
}

#[test]
fn the_corpora_hold() {
    assert!(replay("../../fuzz/corpus/html", pages::html) >= 5);
    assert!(replay("../../fuzz/corpus/charset", pages::charset) >= 5);
    assert!(replay("../../fuzz/corpus/feed", pages::feed) >= 5);
    assert!(replay("../../fuzz/corpus/pdf", pages::pdf) >= 5);
}

#[test]
fn the_saved_pages_hold_whatever_they_are_taken_for() {
    assert!(replay("tests/corpus/pages", pages::html) >= 40);
    assert!(replay("tests/corpus/pages", pages::feed) >= 40);
}

/// Pieces that mean something, put together at random.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(of), 0..60)
        .prop_map(|pieces| pieces.concat())
}

const HTML: &[&str] = &[
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<table>",
    "<tr>",
    "<th colspan=3>",
    "<td rowspan=2>",
    "</table>",
    "<ul>",
    "<ol start=7>",
    "<li>",
    "</li>",
    "<pre>",
    "<code class=language-c>",
    "</code>",
    "</pre>",
    "<blockquote>",
    "<svg>",
    "<math alttext=x>",
    "<mfrac>",
    "<a href=x>",
    "<a href='#i'>",
    "</a>",
    "<sup>",
    "<p id=i>",
    "<template id='B:0'>",
    "</template>",
    "<!--$?-->",
    "<!--/$-->",
    "<div hidden id='S:0'>",
    "</div>",
    "<script>$RC('B:0','S:0')</script>",
    "<script>",
    "<style>.a{display:none}</style>",
    "<i class=a>",
    "<select>",
    "<option>",
    "x ",
    "\n",
    "|",
    "`",
    "&nbsp;",
    "&lt;",
    "<dl>",
    "<dt>",
    "<dd>",
    "<img alt=a src=/b>",
    "<base href=//y>",
    "<ruby><rt>",
    "<!--",
    "-->",
    "<title>",
    "</title>",
    "<body style='opacity:0'>",
    "<plaintext>",
    "<br>",
    "<hr>",
    "<h1>",
    "</h1>",
    "Untrusted-Web-Content",
    "<noscript>",
    "<details>",
    "<form>",
    "<frameset>",
];
const FEED: &[&str] = &[
    "<rss>",
    "<channel>",
    "<item>",
    "</item>",
    "<feed>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<link>",
    "</link>",
    "<link href='/a'/>",
    "<link rel=self href='/b'/>",
    "<author>",
    "</author>",
    "<name>",
    "</name>",
    "<content type='html'>",
    "</content>",
    "<![CDATA[",
    "]]>",
    "&lt;",
    "&amp;",
    "&#65;",
    "&x;",
    "<p>",
    "x",
    "<",
    "/>",
    "<!--",
    "-->",
    "<?xml?>",
    "<!DOCTYPE a [",
    "]>",
    "'",
    "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[",
    "{\"title\":\"t\"}",
    ",",
    "]}",
    "untrusted-web-content",
];

proptest! {
    // The fuzz targets do the same for longer.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_html_is_read(text in pieces(HTML)) {
        pages::html(text.as_bytes());
    }

    #[test]
    fn any_feed_is_read(text in pieces(FEED)) {
        pages::feed(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read(
        label in proptest::sample::select(&["utf-8", "gbk", "utf-16", "iso-2022-jp", "big5", "x", ""][..]),
        bytes: Vec<u8>,
    ) {
        pages::charset(&[label.as_bytes(), b"\n", &bytes].concat());
        pages::html(&bytes);
        pages::feed(&bytes);
        pages::pdf(&bytes);
    }
}
