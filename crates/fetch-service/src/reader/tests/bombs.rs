//! Pages that would overflow a stack, take minutes or all of the memory without the guards. Each is
//! read in every view, within seconds even where nothing is optimized.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Content, Form, Format, View, html, in_format, page, viewed};
use crate::reader::{Selector, Stop, Unreadable, dom, style_sheets};

pub(super) const FORMATS: [Format; 5] = [
    Format::Markdown,
    Format::Text,
    Format::Raw,
    Format::Links,
    Format::Metadata,
];

fn nesting_bombs() -> Vec<(&'static str, String)> {
    let formatting: String = (0..15_000).fold(String::new(), |bomb, number| {
        bomb + &format!("<p><b id={number}>x")
    });
    let attributes: String =
        (0..5_000).fold("<p ".to_owned(), |tag, number| tag + &format!("a{number} ")) + ">";
    vec![
        ("divs", "<div>".repeat(30_000)),
        ("formatting", "<b>".repeat(30_000)),
        ("tables", "<table><tr><td>".repeat(10_000)),
        ("foreign", "<svg><g>".repeat(15_000)),
        ("formulas", "<math><mrow>".repeat(15_000)),
        ("misnested", "<b><div></b>".repeat(15_000)),
        ("lists", "<ul><li>".repeat(15_000)),
        ("quotations", "<blockquote>".repeat(30_000)),
        ("reconstructed", formatting),
        ("attributes", attributes),
        // Not too deep, but who looks at all that is below each element has 20 million steps.
        (
            "walks",
            format!("{}{}", "<div>".repeat(200), "x<br>".repeat(100_000)),
        ),
        (
            "long text",
            format!("{}{}", "<div>".repeat(200), "words ".repeat(500_000)),
        ),
        ("escapes", format!("<p title=\"{}\">", "&".repeat(20_000))),
    ]
}

#[test]
fn nesting_bombs_become_plain_text() {
    for (name, bomb) in nesting_bombs() {
        let (text, form) = html(&format!("<p>Start</p>{bomb}End"));
        assert_eq!(form, Form::Stripped, "{name}");
        assert!(text.starts_with("Start"), "{name}");
        assert!(text.ends_with("End"), "{name}");
    }
}

#[test]
fn no_other_view_of_a_nesting_bomb_stalls() {
    for (name, bomb) in nesting_bombs() {
        let page = page("text/html", format!("<p>Start</p>{bomb}End"));
        for format in [Format::Links, Format::Metadata] {
            let outcome = viewed(&page, &in_format(format));
            assert_eq!(outcome, Err(Unreadable::TooDeep), "{name}");
        }
        let view = View {
            format: Format::Raw,
            selector: Some(Selector::parse("p").unwrap()),
        };
        assert_eq!(viewed(&page, &view), Err(Unreadable::TooDeep), "{name}");
        assert!(viewed(&page, &in_format(Format::Raw)).is_ok(), "{name}");
    }
}

/// Bearable each, and too deep once the parts are where the scripts put them.
#[test]
fn parts_that_would_nest_without_end_are_not_put_together() {
    let mut body = "<template id='P:0'></template>".to_owned();
    let mut script = "<script>".to_owned();
    for part in 0..100 {
        let (open, close) = ("<div>".repeat(200), "</div>".repeat(200));
        let next = part + 1;
        write!(
            body,
            "<div hidden id='S:{part}'>{open}<template id='P:{next}'></template>{close}</div>"
        )
        .unwrap();
        write!(script, "$RS(\"S:{part}\",\"P:{part}\");").unwrap();
    }
    let (text, form) = html(&format!("<p>Start</p>{body}{script}</script>"));
    assert_eq!((text.as_str(), form), ("Start", Form::Stripped));
}

/// What would grow: each line by what it is nested in, each cell by those that span it.
#[test]
fn nothing_grows_many_times_over() {
    let nested_lines = format!("{}<pre>{}", "<ul><li>".repeat(100), "x\n".repeat(10_000));
    let nested_quotes = format!(
        "{}<pre>{}",
        "<blockquote>".repeat(200),
        "x\n".repeat(10_000)
    );
    let spans = format!(
        "<table><tr>{}</tr>{}</table>",
        "<th rowspan=9999 colspan=9999>x</th>".repeat(500),
        "<tr><td>y<td>z</tr>".repeat(1_000)
    );
    let wide = format!(
        "<table><tr><th>{}<th>b</tr>{}</table>",
        "word ".repeat(20_000),
        "<tr><td>y<td>z</tr>".repeat(1_000)
    );
    let bars = format!(
        "{}{}",
        "<table><tr><th>a<td>".repeat(50),
        "|".repeat(10_000)
    );
    let base = format!(
        "<base href='/{}/'>{}",
        "long/".repeat(2_000),
        "<a href=x>y</a>".repeat(1_000)
    );
    let emphasis = format!("{}{}", "<b><i>".repeat(100), "x<br>".repeat(5_000));
    let backticks = format!("<p><code>{}</code>", "`".repeat(100_000));
    for (name, bomb) in [
        ("lines in lists", nested_lines),
        ("lines in quotations", nested_quotes),
        ("spans", spans),
        ("wide cells", wide),
        ("bars", bars),
        ("long base", base),
        ("emphasis", emphasis),
        ("backticks", backticks),
    ] {
        let page = page("text/html", format!("<p>Start</p>{bomb}"));
        for format in [Format::Markdown, Format::Text, Format::Links] {
            let Content::Text { text, .. } = viewed(&page, &in_format(format)).unwrap().content
            else {
                panic!("{name}");
            };
            assert!(text.len() < 30 * page.body.len(), "{name}: {}", text.len());
        }
    }
}

/// The processor's time of this thread until now.
pub(super) fn processor_time() -> Duration {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = figures.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// A page of many such things.
pub(super) type Part = (&'static str, fn(usize) -> String);

/// Ten times the page takes about ten times as long, and would take a hundred times if anything grew
/// with its square: the bound is far from both.
#[test]
fn cost_grows_with_the_page_and_not_with_its_square() {
    let parts: [Part; 12] = [
        ("paragraphs", |n| {
            "<p>Some words of a <b>page</b>.</p>".repeat(n)
        }),
        ("links", |n| {
            let links = (0..n).map(|n| format!("<a href='/{n}'>link {n}</a> "));
            links.collect()
        }),
        ("footnotes", |n| {
            let marks = (0..n).map(|n| format!("<sup><a href='#f{n}'>{n}</a></sup> "));
            let notes = (0..n).map(|n| format!("<p id='f{n}'>Note {n}</p>"));
            marks.chain(notes).collect()
        }),
        ("formulas", |n| {
            "<math alttext='x'><mi>x</mi></math> ".repeat(n)
        }),
        ("streamed", |n| {
            let parts = (0..n).map(|n| {
                format!("<template id='B:{n}'></template><p>…</p><div hidden id='S:{n}'>x</div><script>$RC(\"B:{n}\",\"S:{n}\")</script>")
            });
            parts.collect()
        }),
        ("styles", |n| {
            let sheets =
                (0..n).map(|n| format!("<style>.c{n}{{display:none}}</style><p class=c{n}>x</p>"));
            sheets.collect()
        }),
        // An element that all others are in has as many classes as there are others.
        ("combined selectors", |n| {
            let rules = (0..60).map(|n| format!(".x{n} b{{display:none}}"));
            format!(
                "<style>{}</style><div class='{}'>{}</div>",
                rules.collect::<String>(),
                "a ".repeat(100 * n),
                "<b>x</b>".repeat(n)
            )
        }),
        ("tables", |n| {
            "<table><tr><th>a<td rowspan=2>b<tr><td>c</table>".repeat(n)
        }),
        ("code", |n| {
            "<pre><code class=language-c>x\n</code></pre>".repeat(n)
        }),
        ("items", |n| {
            format!("<ul>{}</ul>", "<li>x<ul><li>y</ul>".repeat(n))
        }),
        // One text, at each character of which the serializer looks for what else it escapes.
        ("escapes", |n| "&amp;".repeat(100 * n)),
        ("spaces", |n| "\u{a0}\u{b0}".repeat(50 * n)),
    ];
    for part in parts {
        grows_with_the_page(part, 50, &FORMATS);
    }
}

/// Holds a page of many such things against one of ten times as many.
pub(super) fn grows_with_the_page((name, part): Part, many: usize, formats: &[Format]) {
    let took = |count: usize| {
        let page = page("text/html", part(count));
        let before = processor_time();
        for format in formats {
            viewed(&page, &in_format(*format)).unwrap();
        }
        processor_time().saturating_sub(before)
    };
    let once = (0..3).map(|_| took(many)).min().unwrap();
    let is_in_bounds = (0..3).any(|_| took(10 * many) <= 40 * once);
    assert!(is_in_bounds, "{name}: more than 40 times {once:?}");
}

#[test]
fn a_selector_is_given_up_after_a_while() {
    let page = page(
        "text/html",
        format!("<div>{}</div>", "<p>x</p>".repeat(50_000)),
    );
    let view = View {
        format: Format::Markdown,
        selector: Some(Selector::parse("b ~ p").unwrap()),
    };
    let outcome = viewed(&page, &view).unwrap_err();
    // Each looks back at all before it: without a limit, at more than a thousand million in all.
    assert!(
        matches!(outcome, Unreadable::SelectorTooSlow(_)),
        "{outcome}"
    );
}

/// What follows one another in a selector takes stack at each element, and all of it takes time.
#[test]
fn no_selector_of_a_sheet_is_too_long() {
    for (selector, element) in [
        ("hr+".repeat(50_000) + "i", "<hr>"),
        (".a".repeat(20_000) + " i", "<b class=a>x</b>"),
        (".a ".repeat(20_000) + "i", "<b class=a>x</b>"),
    ] {
        let (text, _) = html(&format!(
            "<style>{selector}{{display:none}}</style>{}<i>Shown</i>",
            element.repeat(50_000)
        ));
        assert!(text.contains("Shown"));
    }
}

#[test]
fn selectors_of_a_sheet_are_not_compared_where_nobody_waits() {
    let page = "<style>p.a{display:none}</style><p class=a>Some text</p><p>Other text</p>";
    let stop = Stop::default();
    let document = dom::parse(page, &stop).unwrap();
    let shadows = HashMap::new();
    let hidden = || {
        style_sheets::read(&document, &shadows)
            .hidden(&document, &mut style_sheets::Budget::new(&stop))
            .len()
    };
    assert_eq!(hidden(), 1);
    stop.set();
    assert_eq!(hidden(), 0);
}

#[test]
fn feeds_and_json_of_any_depth_and_size_are_read() {
    for (content_type, body) in [
        (
            "application/rss+xml",
            format!("<rss>{}", "<channel>".repeat(100_000)),
        ),
        (
            "application/rss+xml",
            format!("<rss><channel>{}", "<item>".repeat(100_000)),
        ),
        (
            "application/rss+xml",
            format!("<rss><item><title>{}", "<b>".repeat(100_000)),
        ),
        (
            "application/atom+xml",
            "<feed><entry><author>".repeat(30_000),
        ),
        (
            "text/xml",
            format!(
                "<!DOCTYPE r [{}]><rss>&a9;</rss>",
                "<!ENTITY a \"&b;&b;\">".repeat(1000)
            ),
        ),
        ("application/json", "[".repeat(1_000_000)),
        ("application/feed+json", "{\"version\":".repeat(200_000)),
    ] {
        for format in [Format::Markdown, Format::Text, Format::Raw] {
            assert!(viewed(&page(content_type, body.as_str()), &in_format(format)).is_ok());
        }
    }
}

#[test]
fn what_is_given_up_is_not_read() {
    let body = "<p>word <b>word</b></p>".repeat(100_000);
    for (content_type, format) in [
        ("text/html", Format::Markdown),
        ("text/html", Format::Links),
        ("application/rss+xml", Format::Markdown),
    ] {
        let stop = Stop::default();
        stop.set();
        let page = page(content_type, body.as_str());
        let outcome = crate::reader::read(&page, &in_format(format), &stop);
        assert_eq!(outcome, Err(Unreadable::GivenUp), "{content_type}");
    }
}
