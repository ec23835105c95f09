//! What is done once what may be spent on styles is spent, and that no more is.

use std::time::Duration;

use super::bombs::processor_time;
use super::markdown;
use crate::reader::style_sheets::{self, Budget};
use crate::reader::{Stop, dom};

#[test]
fn what_has_no_name_hides_what_it_selects_after_the_comparisons_too() {
    let compared = "i i{top:0}".repeat(3_000);
    let elements = "<i>x</i>".repeat(3_000);
    let text = markdown(&format!(
        "<style>{compared}[hidden]{{display:none!important}}.x [lang]{{display:none}}.x *{{opacity:0}}\
         div .t[title]{{display:none}}div :is(.q){{display:none}}[data-s]{{display:none}}\
         div .s[title]{{display:none}}</style>{elements}\
         <div><p>Shown one</p><p class=t>Shown two</p><p lang=en>Shown three</p>\
         <p data-s>SECRET</p><p class=s title=x>SECRET</p></div>"
    ));
    for shown in ["Shown one", "Shown two", "Shown three"] {
        assert!(text.contains(shown), "{shown}: {}", text.len());
    }
    assert!(!text.contains("SECRET"), "{}", text.len());
}

/// What hides in `page` takes, with all its comparisons and declarations still to be made or none.
fn took(page: &str, is_spent: bool) -> Duration {
    let stop = Stop::default();
    let document = dom::parse(page, &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let once = || {
        let mut budget = Budget::new(&stop);
        if is_spent {
            budget.spend();
        }
        let sheets = style_sheets::read(&document, &shadows);
        let before = processor_time();
        sheets.hidden(&document, &mut budget);
        processor_time().saturating_sub(before)
    };
    (0..2).map(|_| once()).min().unwrap()
}

/// That takes long to read.
fn deep_color() -> String {
    let deep = format!("{}red", "light-dark(".repeat(34));
    format!("{deep}{}", ",#00f)".repeat(34))
}

#[test]
fn colors_are_not_read_again_for_each_element() {
    let page = |color: &str| {
        format!(
            "<style>p{{color:{color};background:{color}}}</style>\
             <div style='color:#fff;background:#fff'>{}</div>",
            "<p>x".repeat(2_000)
        )
    };
    let (plain, deep) = (took(&page("red"), false), took(&page(&deep_color()), false));
    assert!(deep <= 3 * plain, "{deep:?}, {plain:?}");
}

#[test]
fn the_ways_of_a_statement_are_not_worked_out_again_for_each_element() {
    let page = |color: &str| {
        let elements = (0..1_000).map(|n| format!("<b style='top:{n}px'>x</b>"));
        format!(
            "<style>b{{color:{color};background:{color}}}</style>{}",
            elements.collect::<String>()
        )
    };
    let (plain, deep) = (took(&page("red"), true), took(&page(&deep_color()), true));
    assert!(deep <= 3 * plain, "{deep:?}, {plain:?}");
}
