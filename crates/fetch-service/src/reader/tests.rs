mod bombs;
mod cascade;
mod cost;
mod formulas;
mod hiding;
mod inherited;
mod kinds;
mod layers;
mod pdfs;
mod revealed;
mod shadows;
mod spent;
mod streams;
mod stripped;
mod unseen;
mod variables;
mod views;

use bytes::Bytes;
use proptest::prelude::*;
use url::Url;

use super::{Content, Form, Format, Page, Reading, Stop, Unreadable, View};

fn page(content_type: &str, body: impl Into<Vec<u8>>) -> Page {
    Page {
        body: Bytes::from(body.into()),
        content_type: Some(content_type.to_owned()),
        url: Url::parse("https://example.com/docs/page.html").unwrap(),
    }
}

fn in_format(format: Format) -> View {
    View {
        format,
        selector: None,
    }
}

/// What is read, as text.
fn text_of(reading: Reading) -> (String, Form) {
    match reading.content {
        Content::Text { text, form } => (text, form),
        Content::Image(image) => panic!("{image:?}"),
    }
}

/// Nobody gives it up.
fn viewed(page: &Page, view: &View) -> Result<Reading, Unreadable> {
    super::read(page, view, &Stop::default())
}

fn read(page: &Page, format: Format) -> Result<(String, Form), Unreadable> {
    viewed(page, &in_format(format)).map(text_of)
}

fn html(body: &str) -> (String, Form) {
    read(&page("text/html; charset=utf-8", body), Format::Markdown).unwrap()
}

fn markdown(body: &str) -> String {
    let (text, form) = html(body);
    assert_eq!(form, Form::Markdown);
    text
}

const PARAGRAPH: &str = "<p>The quick brown fox jumps over the lazy dog, again and again, until \
     the dog has had enough of it, gets up, shakes itself and walks away, slowly.</p>";

fn article(inner: &str) -> String {
    format!(
        "<html><head><title>A  title</title></head><body><nav><a href=/>Home</a></nav>\
         <article><h1>A title</h1>{}{inner}{PARAGRAPH}</article>\
         <footer>Imprint</footer></body></html>",
        PARAGRAPH.repeat(4)
    )
}

#[test]
fn an_article_is_its_title_and_its_content() {
    let text = markdown(&article(
        "<h2>Part</h2><ul><li>one<ul><li>two</li></ul></li></ul>",
    ));
    assert!(text.starts_with("# A title\n"), "{text}");
    assert_eq!(text.matches("A title").count(), 1, "{text}");
    assert!(text.contains("## Part"), "{text}");
    assert!(text.contains("quick brown fox"), "{text}");
    assert!(
        !text.contains("Imprint") && !text.contains("Home"),
        "{text}"
    );
}

#[test]
fn code_keeps_its_language_and_tables_stay_tables() {
    let text = markdown(&article(
        "<pre><code class=\"language-lua\">print(1)\n</code></pre>\
         <table><thead><tr><th>a</th><th>b</th></tr></thead>\
         <tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
    ));
    assert!(text.contains("```lua\nprint(1)"), "{text}");
    assert!(text.contains("| a"), "{text}");
}

#[test]
fn a_page_of_many_short_parts_is_not_lost() {
    use std::fmt::Write as _;
    let mut body = "<title>Index</title><main><dl>".to_owned();
    for number in 0..200 {
        write!(body, "<dt>name{number}</dt><dd>meaning {number}</dd>").unwrap();
    }
    let text = markdown(&body);
    for number in [0, 99, 199] {
        assert!(text.contains(&format!("name{number}")), "{number}");
        assert!(text.contains(&format!("meaning {number}")), "{number}");
    }
}

#[test]
fn links_and_images_are_absolute() {
    let text = markdown(&article(
        "<p>See <a href='../other?q=1#top'>the other page</a> and <a href='//cdn.test/x'>that</a>, \
         not <a href='javascript:alert(1)'>this one</a>, of course.</p>\
         <p><img src='img/a.png' alt='A fox'><img src='data:image/gif;base64,AAAA' data-src='/l.png' \
         alt='A dog'></p>",
    ));
    for link in [
        "(https://example.com/other?q=1#top)",
        "(https://cdn.test/x)",
        "![A fox](https://example.com/docs/img/a.png)",
        "![A dog](https://example.com/l.png)",
    ] {
        assert!(text.contains(link), "{link} in {text}");
    }
    assert!(
        !text.contains("javascript:") && !text.contains("data:"),
        "{text}"
    );
}

#[test]
fn jumps_within_the_page_are_no_links() {
    let text = markdown(&article(
        "<h2 id=a><a href='#a'>Part</a><a href='#a' class=anchor>§</a></h2><p>See <a href='#a'>above</a> \
         or <a href='/empty'></a><a href='/pic'><img src=p.png alt=P></a>.</p>",
    ));
    assert!(text.contains("## Part\n"), "{text}");
    assert!(text.contains("See above or"), "{text}");
    assert!(!text.contains('§') && !text.contains("/empty"), "{text}");
    assert!(text.contains("https://example.com/pic"), "{text}");
}

#[test]
fn a_base_element_rules_relative_links() {
    let body = article("<p>See <a href='x'>x</a>.</p>")
        .replace("<head>", "<head><base href='https://other.test/y/'>");
    assert!(markdown(&body).contains("(https://other.test/y/x)"));
}

const HIDDEN: [&str; 16] = [
    "<p hidden>SECRET</p>",
    "<p hidden=until-found>SECRET</p>",
    "<p style='display:none'>SECRET</p>",
    "<p style='color:red;DISPLAY : none !important'>SECRET</p>",
    "<p style='display:/**/none'>SECRET</p>",
    "<p style='visibility: hidden'>SECRET</p>",
    "<p style='opacity:0.0'>SECRET</p>",
    "<p style='font-size: 0px'>SECRET</p>",
    "<div aria-hidden='true'><p>SECRET</p></div>",
    "<template><p>SECRET</p></template>",
    "<noscript><p>SECRET</p></noscript>",
    "<script>SECRET</script>",
    "<style>SECRET</style>",
    "<!-- SECRET -->",
    "<dialog><p>SECRET</p></dialog>",
    "<div style='display:none'><p style='display:block'>SECRET</p></div>",
];

/// What the tree alone shows.
const HIDDEN_TOO: [&str; 19] = [
    "<p style='position:absolute; left:-9999px'>SECRET</p>",
    "<p style='position: fixed; top: -100vh'>SECRET</p>",
    "<p style='text-indent:-5000px'>SECRET</p>",
    "<p style='margin-left:-999em'>SECRET</p>",
    "<p style='height:0; overflow:hidden'>SECRET</p>",
    "<p style='max-width:1px;overflow:clip'>SECRET</p>",
    "<p style='clip: rect(0, 0, 0, 0)'>SECRET</p>",
    "<p style='clip: rect(1px 1px 1px 1px)'>SECRET</p>",
    "<p style='clip-path: inset( 50% )'>SECRET</p>",
    "<p style='transform: scale( 0 )'>SECRET</p>",
    "<p style='color: transparent'>SECRET</p>",
    "<p style='color:#FFF; background: white'>SECRET</p>",
    "<p style='font-size:.5px'>SECRET</p>",
    "<p style='opacity:1%'>SECRET</p>",
    "<span class='x sr-only'>SECRET</span>",
    "<style>.a, .b { color: red; display: none }</style><p class='c b'>SECRET</p>",
    "<style>@import 'x'; #secret{visibility:hidden}</style><p id=secret>SECRET</p>",
    "<input type=hidden value=SECRET><p hidden>SECRET",
    "<details><summary>x</summary><p hidden>SECRET</p></details>",
];

#[test]
fn hidden_text_is_dropped() {
    HIDDEN.into_iter().chain(HIDDEN_TOO).for_each(is_dropped);
}

/// Readability keeps an article, and loses an index; neither may show it.
fn is_dropped(hidden: &str) {
    for body in [
        article(hidden),
        format!("<p>Index of pages</p>{hidden}<p>End</p>"),
    ] {
        let text = markdown(&body);
        assert!(!text.contains("SECRET"), "{hidden}: {text}");
        assert!(
            text.contains("quick brown") || text.contains("End"),
            "{hidden}: {text}"
        );
    }
}

/// A sheet that hides most of a page is one that a script takes away; this one hides little, often.
#[test]
fn hidden_text_counts_once_however_it_is_nested() {
    let (open, close) = ("<div class=a>".repeat(50), "</div>".repeat(50));
    let hidden = format!("<style>.a{{display:none}}</style>{open}SECRET{close}");
    let text = markdown(&article(&hidden));
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn hidden_text_is_dropped_from_stripped_pages_too() {
    let deep = "<div>".repeat(300);
    for hidden in HIDDEN {
        let (text, form) = html(&format!("{deep}<p>Start</p>{hidden}<p>End</p>"));
        assert_eq!(form, Form::Stripped);
        assert_eq!(text, "Start\n\nEnd", "{hidden}");
    }
}

#[test]
fn visible_text_with_a_telling_style_stays() {
    for shown in [
        "<p style='opacity:0.5;display:block;font-size:10px'>Shown</p>",
        "<p style='display:none;display:block'>Shown</p>",
        "<p style='position:absolute;left:-5px'>Shown</p>",
        "<p style='overflow:hidden;height:200px'>Shown</p>",
        "<p style='color:white;background:black'>Shown</p>",
        "<p style='color:transparent;-webkit-background-clip:text'>Shown</p>",
        "<p class='d-none d-md-block'>Shown</p>",
        "<body style='visibility:hidden'><p>Shown</p>",
        "<style>@media print{.a{display:none}} .b:hover{display:none}</style><p class='a b'>Shown</p>",
        "<style>.a{display:none} .a{display:block}</style><p class=a>Shown</p>",
        // A sheet that hides everything waits for a script.
        "<style>.page{opacity:0}</style><div class=page><p>Shown</p></div>",
        "<style media=print>.a{display:none}</style><p class=a>Shown</p>",
    ] {
        assert_eq!(markdown(shown), "Shown", "{shown}");
    }
}

#[test]
fn deep_but_bearable_pages_are_converted() {
    let text = markdown(&format!(
        "{}Content{}",
        "<div>".repeat(200),
        "</div>".repeat(200)
    ));
    assert_eq!(text, "Content");
}

#[test]
fn an_unclosed_paragraph_for_each_line_is_no_bomb() {
    let lines = "<p>A line of an old page.<li>An item".repeat(5_000);
    assert_eq!(html(&lines).1, Form::Markdown);
}

#[test]
fn charsets_come_from_mark_header_meta_and_content() {
    let utf16: Vec<u8> = "\u{feff}<p>Grüße"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content_type, body, expected) in [
        (
            "text/html; charset=utf-8",
            "<p>Grüße".as_bytes().to_vec(),
            "Grüße",
        ),
        (
            "text/html; charset=\"ISO-8859-1\"",
            b"<p>Gr\xfc\xdfe".to_vec(),
            "Grüße",
        ),
        (
            "text/html;Charset=Shift_JIS",
            b"<p>\x93\xfa\x96\x7b".to_vec(),
            "日本",
        ),
        (
            "text/html",
            b"<meta charset=iso-8859-2><p>\xb3".to_vec(),
            "ł",
        ),
        (
            "text/html",
            b"<meta http-equiv=content-type content='text/html; charset=koi8-r'><p>\xf2".to_vec(),
            "Р",
        ),
        (
            "application/xhtml+xml",
            b"<?xml version='1.0' encoding='iso-8859-1'?><p>\xfc</p>".to_vec(),
            "ü",
        ),
        // Declared in ASCII, so it cannot be true.
        (
            "text/html",
            "<meta charset=utf-16><p>ü".as_bytes().to_vec(),
            "ü",
        ),
        ("text/html", "<p>Grüße".as_bytes().to_vec(), "Grüße"),
        ("text/html", b"<p>Gr\xfc\xdfe".to_vec(), "Grüße"),
        // Cut within a character.
        ("text/html", b"<p>Gr\xc3\xbc\xc3".to_vec(), "Grü\u{fffd}"),
        ("text/html; charset=iso-8859-1", utf16, "Grüße"),
    ] {
        let (text, _) = read(&page(content_type, body), Format::Markdown).unwrap();
        assert_eq!(text, expected, "{content_type}");
    }
}

#[test]
fn text_is_returned_as_it_is_and_html_too_when_raw() {
    for content_type in [
        "text/plain",
        "application/json",
        "text/markdown",
        "image/svg+xml",
    ] {
        let read = read(&page(content_type, "<b>x</b> &amp;"), Format::Markdown).unwrap();
        assert_eq!(read, ("<b>x</b> &amp;".to_owned(), Form::AsServed));
    }
    let (text, _) = read(&page("text/html", "<b>x</b>"), Format::Raw).unwrap();
    assert_eq!(text, "<b>x</b>");
}

#[test]
fn binaries_are_refused_with_type_and_size() {
    for content_type in ["image/tiff", "audio/mpeg", "video/mp4", "application/zip"] {
        let error = read(&page(content_type, vec![0; 1234]), Format::Markdown).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(content_type) && error.contains("1234 bytes"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_content_type_is_guessed() {
    let unlabelled = |body: &[u8]| {
        let mut page = page("", body);
        page.content_type = None;
        read(&page, Format::Markdown)
    };
    assert_eq!(
        unlabelled(b"\n<!DOCTYPE html><p>x").unwrap().1,
        Form::Markdown
    );
    assert_eq!(unlabelled(b"plain <b>").unwrap().0, "plain <b>");
    assert!(unlabelled(b"\x7fELF\0\0").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes, there is an answer.
    #[test]
    fn no_bytes_are_too_strange(body: Vec<u8>, content_type in "[ -~]{0,40}") {
        let _ = viewed(&page(&content_type, body), &View::default());
    }

    #[test]
    fn no_tags_are_too_strange(
        tags in proptest::collection::vec(
            proptest::sample::select(&[
                "<p>", "</p>", "<b>", "</b>", "<table>", "<td>", "</table>", "<svg>", "<math>",
                "<a href=x>", "</a>", "<template>", "</template>", "<select>", "<option>", "x",
                "<frameset>", "<plaintext>", "<title>", "<br/>", "<!--", "-->", "<p hidden>", "&lt;",
                "<form>", "<button>", "<ruby><rt>", "<img src=data:,x>", "<base href=//y>", "<li>",
            ][..]),
            0..60,
        ),
    ) {
        html(&tags.concat());
        let deep = format!("{}{}", "<div>".repeat(300), tags.concat());
        prop_assert_eq!(html(&deep).1, Form::Stripped);
    }
}
