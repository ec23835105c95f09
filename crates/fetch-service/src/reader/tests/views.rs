//! The formats and selectors of HTML.

use super::{Form, Format, View, in_format, page, read, text_of, viewed};
use crate::reader::{Note, Selector, Unreadable};

const PAGE: &str = "<!DOCTYPE html><html lang=en-GB><head><title>The  page </title>\
    <meta name=author content='A. Person'><meta name=description content='What it is &amp; does'>\
    <meta property='article:published_time' content='2026-01-02T03:04:05Z'>\
    <link rel=canonical href='/canonical'></head><body><nav><a href=/home>Home</a></nav>\
    <main><h1>Heading</h1><p class=a>One <b>bold</b> <a href=/x>link</a>.</p>\
    <p class=b hidden>SECRET</p><div class=b><p>Two</p><p class=a>Three <img src=i.png alt=Pic></p></div>\
    <a href=/x>again</a><a href='#top'>top</a><a href=/pic><img src=p.png alt='A picture'></a></main>\
    <table class=t><tr><th>a<th>b<tr><td>1<td>2</table></body></html>";

fn selected(format: Format, selector: &str) -> Result<String, Unreadable> {
    let view = View {
        format,
        selector: Some(Selector::parse(selector).unwrap()),
    };
    viewed(&page("text/html", PAGE), &view).map(|reading| text_of(reading).0)
}

#[test]
fn text_has_no_marks() {
    let (text, form) = read(&page("text/html", PAGE), Format::Text).unwrap();
    assert_eq!(form, Form::Text);
    assert!(
        text.contains("One bold link.\n\nTwo\n\nThree [image: Pic]"),
        "{text}"
    );
    assert!(!text.contains(['*', '#', '(']), "{text}");
}

#[test]
fn links_are_those_of_the_page_each_once() {
    let (text, form) = read(&page("text/html", PAGE), Format::Links).unwrap();
    assert_eq!(form, Form::Links);
    assert_eq!(
        text,
        "- [Home](https://example.com/home)\n- [link](https://example.com/x)\n\
         - [A picture](https://example.com/pic)\n"
    );
    assert_eq!(
        selected(Format::Links, "p.a").unwrap(),
        "- [link](https://example.com/x)\n"
    );
}

#[test]
fn metadata_is_what_the_page_says_of_itself() {
    let (text, form) = read(&page("text/html", PAGE), Format::Metadata).unwrap();
    assert_eq!(form, Form::Metadata);
    for line in [
        "Title: The page",
        "Author: A. Person",
        "Published: 2026-01-02T03:04:05Z",
        "Language: en-GB",
        "Canonical URL: https://example.com/canonical",
        "Description: What it is & does",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}

#[test]
fn metadata_of_linked_data_is_read_too() {
    let body = r#"<title>T</title><script type="application/ld+json">{"@context":"https://schema.org",
        "@type":"NewsArticle","headline":"Owl in organ","author":{"@type":"Person","name":"Una Field"},
        "datePublished":"2026-05-04"}</script><p>Text</p>"#;
    let (text, _) = read(&page("text/html", body), Format::Metadata).unwrap();
    assert!(
        text.contains("Author: Una Field") && text.contains("2026-05-04"),
        "{text}"
    );
}

#[test]
fn a_selector_narrows() {
    assert_eq!(
        selected(Format::Markdown, "table.t").unwrap(),
        "| a | b |\n| --- | --- |\n| 1 | 2 |"
    );
    assert_eq!(
        selected(Format::Text, ".b, .a").unwrap(),
        "One bold link.\n\nTwo\n\nThree [image: Pic]"
    );
    // The outermost of those that match, and nothing hidden.
    let raw = selected(Format::Raw, "div.b").unwrap();
    assert_eq!(
        raw,
        "<div class=\"b\"><p>Two</p><p class=\"a\">Three <img src=\"i.png\" alt=\"Pic\"></p></div>"
    );
    for format in [Format::Markdown, Format::Text, Format::Links] {
        let error = selected(format, "p.b").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("nothing on it matches the selector `p.b`")
        );
    }
}

#[test]
fn the_title_goes_with_every_view() {
    for format in [
        Format::Markdown,
        Format::Text,
        Format::Links,
        Format::Metadata,
    ] {
        let reading = viewed(&page("text/html", PAGE), &in_format(format)).unwrap();
        assert_eq!(reading.title.as_deref(), Some("The page"));
    }
}

#[test]
fn a_shell_says_so_and_a_short_page_with_a_script_does_not() {
    let notes = |body: &str| {
        let reading = viewed(&page("text/html", body), &View::default());
        reading.unwrap().notes
    };
    for shell in [
        "<div id=root></div><script src=a.js></script>",
        "<app-root>Loading…</app-root><script>x</script>",
        "<script src=a.js></script><noscript>Please enable JavaScript.</noscript>",
    ] {
        assert_eq!(notes(shell), [Note::ScriptShell], "{shell}");
    }
    for page in [
        "<p>Short</p><script>count()</script>",
        "<div id=root></div>",
        "",
    ] {
        assert_eq!(notes(page), [], "{page}");
    }
}

#[test]
fn footnotes_are_marked_and_stand_at_the_end() {
    let body = "<p>Text<sup><a href='#n1'>[1]</a></sup> goes on.<a href='#n2' class=footnote-ref>2</a></p>\
        <ol><li id=n1><a href='#r1'>^</a> First <b>note</b>.</li><li id=n2><p>Second.</p><p>More.\
        <a href='#r2' role=doc-backlink>back</a></p></li></ol><p>x<sup>2</sup> and y<sub>ij</sub></p>";
    let text = read(&page("text/html", body), Format::Markdown).unwrap().0;
    assert_eq!(
        text,
        "Text[^1] goes on.[^2]\n\nx^2 and y_{ij}\n\n[^1]: First **note**.\n\n[^2]: Second.\nMore."
    );
}

#[test]
fn a_note_that_only_a_note_refers_to_is_not_lost() {
    let mark = |number: usize| format!("<sup><a href='#n{number}'>{number}</a></sup>");
    let body = format!(
        "<p>Text{}.</p><ol><li id=n1>First{}.</li><li id=n2>Second{}.</li>\
         <li id=n3>Third{}.</li><li id=n4>Fourth, of the fifth.</li></ol>",
        mark(1),
        mark(2),
        mark(3),
        mark(2)
    );
    let text = read(&page("text/html", body), Format::Markdown).unwrap().0;
    assert_eq!(
        text,
        "Text[^1].\n\n1. Fourth, of the fifth.\n\n\
         [^1]: First[^2].\n\n[^2]: Second[^3].\n\n[^3]: Third[^2]."
    );
}

#[test]
fn a_cell_reaches_into_the_next_row_even_if_that_is_short() {
    let body = "<table><tr><th>a<th>b<th rowspan=2>c<th rowspan=3>d<tr><td>x<tr><td>y<td>z</table>";
    let text = read(&page("text/html", body), Format::Markdown).unwrap().0;
    assert_eq!(
        text,
        "| a | b | c | d |\n| --- | --- | --- | --- |\n| x |  | c | d |\n| y | z |  | d |"
    );
}

#[test]
fn descriptions_are_terms_and_what_they_mean() {
    let body = "<dl><dt>em</dt><dd>A square.</dd><dt>pie</dt><dd><p>Spilled type.</p></dd></dl>";
    let text = read(&page("text/html", body), Format::Markdown).unwrap().0;
    assert_eq!(text, "**em**\n: A square.\n\n**pie**\n: Spilled type.");
}

#[test]
fn emphasis_ends_where_its_line_does() {
    let body = "<p>a <b> bold </b>b<i></i>, <b><p>one</p><p>two</p></b> <em>x<br>y</em></p>";
    let text = read(&page("text/html", body), Format::Markdown).unwrap().0;
    assert_eq!(text, "a **bold** b,\n\n**one**\n\n**two**\n\n*x*\n*y*");
}
