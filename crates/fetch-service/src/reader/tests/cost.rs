//! Pages made so that each of many parts costs as much as all of the others together.

use super::bombs::{FORMATS, Part, grows_with_the_page};
use super::{Format, article};

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
    fn page(n: usize, title: &str, head: &str, heading: &str) -> String {
        let headings = format!("<h2>q</h2><p>{}</p>", "Text, ".repeat(10)).repeat(n);
        let long = "word ".repeat(40 * n);
        let page = article(&headings).replace("<title>A  title</title>", title);
        let page = page.replace("<head>", &format!("<head>{head}"));
        page.replace("<h1>A title</h1>", heading)
            .replace("LONG", &long)
    }
    let parts: [Part; 3] = [
        ("title", |n| page(n, "<title>LONG</title>", "", "")),
        ("meta", |n| {
            page(n, "", "<meta property='og:title' content='LONG'>", "")
        }),
        ("heading", |n| {
            // It is compared with those before it.
            page(n, "<title>x</title>", "", "") + &format!("<h1>{}</h1>", "word ".repeat(40 * n))
        }),
    ];
    for part in parts {
        grows_with_the_page(part, 50, &[Format::Markdown, Format::Text]);
    }
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
