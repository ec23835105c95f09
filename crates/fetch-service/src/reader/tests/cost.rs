//! Pages made so that each of many parts costs as much as all of the others together.

use super::bombs::{FORMATS, Part, grows_with_the_page, processor_time};
use super::{Format, article, in_format, markdown, page, viewed};

#[test]
fn what_streams_move_costs_no_more_than_the_page() {
    let moved: Part = ("moved again and again", |n| {
        let places = (1..10 * n).map(|n| format!("<p id=P{n}><br id=Q{n}></p>"));
        let calls = (1..10 * n).map(|n| format!("$RS(\"P{}\",\"Q{n}\");", n - 1));
        format!(
            "<div id=P0>{}</div>{}<script>{}</script>",
            "<br>".repeat(10 * n),
            places.collect::<String>(),
            calls.collect::<String>()
        )
    });
    grows_with_the_page(moved, 50, &FORMATS);
}

/// Each part is put into the one before, so that it has as many ancestors as there are parts.
#[test]
fn a_chain_of_streams_costs_no_more_than_the_page() {
    let chain: Part = ("chain", |n| {
        let parts = (0..n).map(|n| {
            let next = n + 1;
            format!("<div hidden id=S{n}><p><b id=P{next}></b></p></div>")
        });
        let calls = (0..n).map(|n| format!("$RS(\"S{n}\",\"P{n}\");"));
        format!(
            "<b id=P0></b>{}<script>{}</script>",
            parts.collect::<String>(),
            calls.collect::<String>()
        )
    });
    grows_with_the_page(chain, 1_000, &[Format::Markdown]);
}

#[test]
fn a_long_title_is_not_compared_with_each_heading_as_a_whole() {
    fn titled(n: usize, title: &str, head: &str, heading: &str) -> String {
        let headings = format!("<h2>q</h2><p>{}</p>", "Text, ".repeat(10)).repeat(n);
        let long = "word ".repeat(40 * n);
        let page = article(&headings).replace("<title>A  title</title>", title);
        let page = page.replace("<head>", &format!("<head>{head}"));
        page.replace("<h1>A title</h1>", heading)
            .replace("LONG", &long)
    }
    let parts: [Part; 3] = [
        ("title", |n| titled(n, "<title>LONG</title>", "", "")),
        ("meta", |n| {
            titled(n, "", "<meta property='og:title' content='LONG'>", "")
        }),
        ("heading", |n| {
            // It is compared with those before it.
            titled(n, "<title>x</title>", "", "") + &format!("<h1>{}</h1>", "word ".repeat(40 * n))
        }),
    ];
    for part in parts {
        grows_with_the_page(part, 50, &[Format::Markdown, Format::Text]);
    }
}

#[test]
fn headings_cost_no_more_than_others_for_a_long_title() {
    let took = |heading: &str| {
        let body = article(&format!("<{heading}>q</{heading}>").repeat(5_000));
        let body = body.replace("<h1>A title</h1>", "");
        let page = page("text/html", body.replace("A  title", &"w ".repeat(249)));
        let once = || {
            let before = processor_time();
            viewed(&page, &in_format(Format::Markdown)).unwrap();
            processor_time().saturating_sub(before)
        };
        (0..4).map(|_| once()).min().unwrap()
    };
    // Only these two are compared with it.
    let (compared, others) = (took("h2"), took("h3"));
    assert!(compared <= 2 * others, "{compared:?}, {others:?}");
}

/// What is compared with headings is short, what is shown is not.
#[test]
fn a_title_above_many_headings_is_shown_as_a_whole() {
    let title = "Words of a title that is a line long, or two, if the window is narrow";
    let page = article(&"<h2>Part</h2><p>Text</p>".repeat(5_000));
    let text = markdown(
        &page
            .replace("A  title", title)
            .replace("<h1>A title</h1>", ""),
    );
    assert!(
        text.starts_with(&format!("# {title}\n")),
        "{}",
        &text[..200]
    );
}

#[test]
fn figures_within_figures_are_not_searched_for_each_attribute() {
    let figures: Part = ("figures", |n| {
        let attributes = (0..n / 10).map(|n| format!(" data-{n}=/{n}.jpg"));
        let open = format!("<figure{}>", attributes.collect::<String>()).repeat(100);
        article(&format!(
            "{open}{}{}",
            "<b>x</b>".repeat(20 * n),
            "</figure>".repeat(100)
        ))
    });
    grows_with_the_page(figures, 50, &[Format::Markdown]);
}

/// Of rules for the same elements, and of elements with the same rules.
#[test]
fn rules_are_not_looked_at_again_for_each_element() {
    let parts: [Part; 4] = [
        ("one class", |n| {
            let rules = (0..20 * n).map(|n| format!(".a{{top:{n}px;left:{n}px}}"));
            let rules: String = rules.collect();
            format!(
                "<style>{rules}</style>{}",
                "<b class=a>x</b>".repeat(20 * n)
            )
        }),
        ("one type", |n| {
            let rules = (0..20 * n).map(|n| format!("b,*{{top:{n}px;opacity:0}}"));
            let rules: String = rules.collect();
            format!("<style>{rules}</style>{}", "<b>x</b>".repeat(20 * n))
        }),
        ("styles", |n| {
            let elements = (0..20 * n).map(|n| format!("<b style='top:{n}px;opacity:0'>x</b>"));
            elements.collect()
        }),
        // Each of them hides too much, but not all in one round.
        ("rounds", |n| {
            let rules = (0..8).map(|n| format!(".a{n}{{opacity:0}}"));
            let rules: String = rules.collect();
            let open = (0..8).map(|n| format!("<div class=a{n}>"));
            let open: String = open.collect();
            format!("<style>{rules}</style>{open}{}", "<b>x</b>".repeat(20 * n))
        }),
    ];
    for part in parts {
        grows_with_the_page(part, 50, &[Format::Markdown]);
    }
}
