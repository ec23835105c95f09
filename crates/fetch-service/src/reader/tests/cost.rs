//! Pages made so that each of many parts costs as much as all of the others together.

use super::bombs::{FORMATS, Part, grows_with_the_page, processor_time};
use super::{Form, Format, article, html, in_format, markdown, page, viewed};
use crate::reader::style_sheets::{self, Budget};
use crate::reader::{Stop, dom};

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

/// Each list within another would be compared with all that an element is in, for each of those that
/// the other is compared with. So those are not read, and one list is.
#[test]
fn lists_of_selectors_within_lists_are_not_walked_for_each_other() {
    let deep = format!("{}q i{})", ":is(".repeat(25), ") i".repeat(24));
    let elements = "<i>".repeat(240);
    for (selector, is_read) in [
        (deep.as_str(), false),
        (":is(i:is(b i) i)", false),
        (":is(b i)", true),
    ] {
        let style = format!("<style>{selector}{{display:none}}</style>");
        let text = markdown(&format!("{style}<p>Beside</p><b>{elements}INSIDE"));
        assert_eq!(!text.contains("INSIDE"), is_read, "{selector}: {text}");
    }
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

/// Each of many elements has a style of its own, and many rules besides.
#[test]
fn no_more_declarations_are_weighed_than_there_is_time_for() {
    let declared = "opacity:0;top:0;left:0;right:0;bottom:0;width:0;height:0;color:red;clip:auto";
    let rules = format!("* *{{{declared}}}").repeat(400);
    let elements = (0..3_000).map(|n| format!("<b style='top:{n}px'>x</b>"));
    let page = format!("<style>{rules}</style>{}", elements.collect::<String>());
    let stop = Stop::default();
    let document = dom::parse(&page, &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let mut budget = Budget::new(&stop);
    for _ in 0..2 {
        style_sheets::read(&document, &shadows).hidden(&document, &mut budget);
    }
    // Ten million, twice.
    assert!(budget.weighed() < 5_000_000, "{}", budget.weighed());
}

/// It is hidden by what a browser has time for.
#[test]
fn what_there_is_no_time_for_hides_all_the_same() {
    let compared = "i i{top:0}".repeat(3_000);
    let elements = "<i>x</i>".repeat(3_000);
    let weighed = (0..3_000).map(|n| format!("<b style='top:{n}px'>x</b>"));
    let rules = "b{top:0}* b{top:0;left:0;right:0;bottom:0;width:9px}".repeat(400);
    for bomb in [
        format!("<style>{compared}</style>{elements}"),
        format!("<style>{rules}</style>{}", weighed.collect::<String>()),
    ] {
        let text = markdown(&format!(
            "{bomb}<style>div .s{{display:none}}div .s.t{{top:1px}}.x p.y{{display:none}}</style>\
             <div><p class='s t'>SECRET</p><p style=display:none>SECRET</p></div><p class=y>Shown</p>"
        ));
        assert!(!text.contains("SECRET"), "{}", text.len());
    }
}

#[test]
fn shadows_within_shadows_are_measured_before_they_are_walked() {
    let parts: [Part; 2] = [
        ("scripts", |n| {
            "<div><template shadowrootmode=open><script>$</script>".repeat(40 * n)
        }),
        ("mounts", |n| {
            let mounts = "<div id=app><template shadowrootmode=open>".repeat(40 * n);
            format!("<script></script>{mounts}{}", "word ".repeat(40))
        }),
    ];
    for part in parts {
        grows_with_the_page(part, 50, &[Format::Markdown]);
    }
    let deep = "<div><template shadowrootmode=open><script>$</script>".repeat(1_000);
    assert_eq!(html(&format!("Start{deep}")).1, Form::Stripped);
}

/// Each in the list takes some hundred bytes, and may have been written in two.
#[cfg(target_os = "linux")]
#[test]
fn a_list_that_is_too_long_to_compare_is_not_kept() {
    /// In kB, of the process, which is this test's alone.
    fn peak() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let words = peak.unwrap().split_whitespace().next();
        words.unwrap().parse().unwrap()
    }
    let list = "i,".repeat(1_000_000);
    let before = peak();
    let page = format!("<i>x</i><style>:is({list}i){{top:0}}</style><p>Shown</p>");
    assert!(markdown(&page).contains("Shown"));
    assert!(peak() - before < 200_000, "{} kB", peak() - before);
}
