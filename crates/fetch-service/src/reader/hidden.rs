//! Text that a person would not see is a channel to the model that reads the page for him: it is
//! dropped before anything is converted. What a style sheet elsewhere hides is not known here.

use dom_query::{Document, NodeRef};

use super::style_sheets;

/// Never text for a reader.
const NOT_CONTENT: [&str; 4] = ["script", "style", "noscript", "template"];
/// Classes that frameworks hide by, but for readers of screens.
const HIDING_CLASSES: [&str; 9] = [
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    "screen-reader-text",
    "screen-reader-only",
    "screenreader",
    "sr-text",
    "d-none",
    "is-hidden",
];
/// Text that is this far away, in pixels, is off every screen.
const FAR: f64 = 500.0;

/// Removes from the tree what is not shown.
pub(super) fn remove(document: &Document) {
    for node in style_sheets::hidden_by(document) {
        node.remove_from_parent();
    }
    for node in document.root().descendants() {
        if is_dropped(&node) {
            node.remove_from_parent();
        }
    }
}

fn is_dropped(node: &NodeRef<'_>) -> bool {
    let Some(name) = node.node_name() else {
        return node.is_comment();
    };
    // Some pages are hidden as a whole until a script has run.
    if matches!(&*name, "html" | "body") {
        return false;
    }
    if NOT_CONTENT.contains(&&*name) || (&*name == "dialog" && !node.has_attr("open")) {
        return true;
    }
    let is = |name: &str, value: &str| {
        node.attr(name)
            .is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
    };
    node.has_attr("hidden")
        || is("aria-hidden", "true")
        || (&*name == "input" && is("type", "hidden"))
        || node.class().is_some_and(|class| is_hiding(&class))
        || node.attr("style").is_some_and(|style| hides(&style))
        || (&*name == "font" && is("size", "0"))
}

fn is_hiding(class: &str) -> bool {
    let mut classes = class.split_ascii_whitespace();
    // With `d-md-block` it is hidden on small screens alone.
    let shows_again =
        class.contains("-block") || class.contains("-flex") || class.contains("-inline");
    classes.any(|class| HIDING_CLASSES.contains(&class)) && !shows_again
}

/// Whether an inline style takes its element out of sight.
pub(super) fn hides(style: &str) -> bool {
    let style = without_comments(style).to_ascii_lowercase();
    let declarations: Vec<(&str, &str)> = style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .map(|(property, value)| {
            let value = value.trim().trim_end_matches("!important");
            (property.trim(), value.trim().trim_end_matches('!').trim())
        })
        .collect();
    // The last declaration of a property rules.
    let value = |property: &str| {
        let mut declared = declarations.iter().rev();
        declared
            .find(|(name, _)| *name == property)
            .map(|(_, value)| *value)
    };
    let is = |property: &str, values: &[&str]| {
        value(property).is_some_and(|value| values.contains(&value))
    };
    let is_small = |property: &str| value(property).is_some_and(|value| is_up_to(value, 1.0));
    let is_cut = is("overflow", &["hidden", "clip"]);
    is("display", &["none"])
        || is("visibility", &["hidden", "collapse"])
        || is("content-visibility", &["hidden"])
        || value("opacity").is_some_and(|value| is_up_to(value, 0.05))
        || value("font-size").is_some_and(|value| is_up_to(value, 1.0) && !value.ends_with("em"))
        || value("font-size").is_some_and(|value| is_up_to(value, 0.05))
        || (is_cut
            && ["width", "height", "max-width", "max-height"]
                .into_iter()
                .any(is_small))
        || is_off_screen(&value)
        || value("clip").is_some_and(is_empty_rect)
        || value("clip-path").is_some_and(is_empty_path)
        || value("transform").is_some_and(|value| {
            let value = value.replace(' ', "");
            value.contains("scale(0)") || value.contains("scale(0,") || value.contains("scalex(0)")
        })
        || is_of_one_color(&value)
}

fn is_off_screen<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> bool {
    let is_far = |property: &str| {
        value(property)
            .and_then(number)
            .is_some_and(|(number, unit)| {
                let pixels = if matches!(unit, "em" | "rem") {
                    number * 16.0
                } else {
                    number
                };
                pixels <= -FAR || (matches!(unit, "vw" | "vh" | "%") && number <= -100.0)
            })
    };
    let is_placed = matches!(value("position"), Some("absolute" | "fixed" | "relative"));
    is_far("text-indent")
        || is_far("margin-left")
        || (is_placed && ["left", "right", "top", "bottom"].into_iter().any(is_far))
}

/// Text in the color of what is behind it, or in none.
fn is_of_one_color<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> bool {
    let Some(color) = value("color") else {
        return false;
    };
    let spelled = |color: &str| match color.replace(' ', "").as_str() {
        "#fff" | "#ffffff" | "rgb(255,255,255)" => "white".to_owned(),
        "#000" | "#000000" | "rgb(0,0,0)" => "black".to_owned(),
        other => other.to_owned(),
    };
    let background = value("background-color").or_else(|| value("background"));
    let is_text_painted = value("-webkit-background-clip").or_else(|| value("background-clip"));
    (spelled(color) == "transparent" && is_text_painted.is_none())
        || background.is_some_and(|background| spelled(background) == spelled(color))
}

fn is_empty_rect(value: &str) -> bool {
    let inside = value.strip_prefix("rect(").unwrap_or_default();
    let numbers = inside.trim_end_matches(')').split([',', ' ']);
    let mut numbers = numbers.filter(|part| !part.is_empty()).peekable();
    numbers.peek().is_some() && numbers.all(|part| is_up_to(part, 1.0))
}

fn is_empty_path(value: &str) -> bool {
    let value = value.replace(' ', "");
    matches!(
        value.as_str(),
        "inset(50%)" | "inset(100%)" | "circle(0)" | "circle(0px)" | "circle(0%)"
    )
}

/// `0`, `0.0`, `0px`, `0%`; and more, up to a limit.
fn is_up_to(value: &str, limit: f64) -> bool {
    number(value).is_some_and(|(number, unit)| {
        let part = if unit == "%" { number / 100.0 } else { number };
        (0.0..=limit).contains(&part)
    })
}

fn number(value: &str) -> Option<(f64, &str)> {
    let end = value
        .find(|char: char| char.is_ascii_alphabetic() || char == '%')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    Some((number.trim().parse().ok()?, unit.trim()))
}

fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once("*/").map_or("", |(_, rest)| rest)
    })
}
