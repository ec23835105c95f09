use cssparser::Parser;

use super::selectors::MAX_SELECTORS;
use super::walk::View;
use super::{Budget, Place, blocks, read};
use crate::reader::{Stop, dom};

/// Each of many classes has many rules, which hide each element that has two of them.
#[test]
fn what_is_found_by_names_is_little_for_each_element() {
    let names: Vec<String> = (0..30).map(|n| format!("c{n}")).collect();
    let rules = names.iter().flat_map(|name| {
        let others = names.iter();
        others.map(move |other| format!(".{name}.{other}{{top:0;display:none}}"))
    });
    let rules: String = rules.collect();
    let class = names.join(" ");
    let elements = (0..200).map(|n| format!("<p class='{class}' style='top:{n}px'>x</p>"));
    let page = format!("<style>{rules}</style>{}", elements.collect::<String>());
    let stop = Stop::default();
    let document = dom::parse(&page, &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let mut budget = Budget::new(&stop);
    budget.spend();
    let mut sheets = read(&document, &shadows);
    let stated = sheets.cascade.state(&document, &shadows, &mut budget);
    let places: usize = stated.sets.iter().map(Vec::len).sum();
    assert!(places <= 200 * 6, "{places}");
}

#[test]
fn nothing_more_is_looked_at_once_nobody_waits() {
    let stop = Stop::default();
    let document = dom::parse("<p style=display:none>x</p>", &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let mut budget = Budget::new(&stop);
    let mut sheets = read(&document, &shadows);
    let stated = sheets.cascade.state(&document, &shadows, &mut budget);
    let sets = stated.sets.iter();
    let effects = sets.map(|set| sheets.effect(set, &[], &mut budget).unwrap());
    let effects: Vec<_> = effects.collect();
    for hidden in [1, 0] {
        let mut view = View {
            stated: &stated,
            effects: &effects,
            stop: &stop,
            hidden: Vec::new(),
        };
        view.look_at_all(document.body().unwrap(), 1);
        assert_eq!(view.hidden.len(), hidden);
        stop.set();
    }
}

/// One that hides by itself and is overruled does not take the place of another.
#[test]
fn each_way_to_hide_is_found_by_names() {
    let page = "<style>div .s{opacity:0}div .s.u{display:none}div .s.v{display:none}</style>\
                <div><p class='s u v' style=opacity:1>x</p></div>";
    let stop = Stop::default();
    let document = dom::parse(page, &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let mut budget = Budget::new(&stop);
    budget.spend();
    let mut sheets = read(&document, &shadows);
    let stated = sheets.cascade.state(&document, &shadows, &mut budget);
    let lengths: Vec<usize> = stated.sets.iter().map(Vec::len).collect();
    assert_eq!(lengths, [4]);
}

#[test]
fn conditions_within_a_rule_are_not_one_for_each_selector() {
    let blocks = "@media all{top:0}@media(hover){top:0}@layer a{top:0}".repeat(1_000);
    let stop = Stop::default();
    let document = dom::parse(&format!("<style>i{{{blocks}}}</style>"), &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let rules = read(&document, &shadows).rules.len();
    // Two of them are no sheet's.
    assert_eq!(rules, 5);
}

#[test]
fn no_more_selectors_are_kept_than_a_page_has() {
    let many = MAX_SELECTORS / 2 + 10;
    let page = format!(
        "<style>{0}i i{{top:0}}{0}i i{{left:0}}.s{{display:none}}</style><i><i class=s>x",
        "i i,".repeat(many)
    );
    let stop = Stop::default();
    let document = dom::parse(&page, &stop).unwrap();
    let shadows = std::collections::HashMap::new();
    let mut sheets = read(&document, &shadows);
    let mut budget = Budget::new(&stop);
    let stated = sheets.cascade.state(&document, &shadows, &mut budget);
    let places: usize = stated.sets.iter().map(Vec::len).sum();
    // What need not be compared is kept all the same.
    assert_eq!(places, MAX_SELECTORS + 1);
}

#[test]
fn a_rule_has_each_custom_property_once() {
    for further in [
        "--a:b;@x;",
        "@media all{--a:b}",
        "--a:b!important;@x;--a:c;",
    ] {
        let block = format!("{{{}}}", further.repeat(1_000));
        let mut input = Parser::new(&block);
        input.next().unwrap();
        let blocks = blocks::read(&mut input, Place::default());
        let [block] = blocks.as_slice() else {
            panic!("{further}: {}", blocks.len());
        };
        assert_eq!(block.declared.customs(), 1, "{further}");
        let (_, _, value) = block.declared.custom("--a").unwrap();
        assert_eq!(&**value, "b", "{further}");
    }
}
