//! Text that a person would not see is a channel to the model that reads the page for him: it is
//! dropped before anything is converted. What a style sheet elsewhere hides is not known here.

use dom_query::{Document, NodeRef};

use super::color::Color;
use super::declarations::{Declarations, number};
use super::style_sheets;

/// Never text for a reader: what is said to browsers without frames or plug-ins, and beside the bar
/// that a browser draws, included.
const NOT_CONTENT: [&str; 8] = [
    "script", "style", "noscript", "template", "noembed", "noframes", "progress", "meter",
];
/// Classes that frameworks hide by, but for readers of screens.
const HIDING_CLASSES: [&str; 8] = [
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    "screen-reader-text",
    "screen-reader-only",
    "screenreader",
    "sr-text",
    "is-hidden",
];
/// Text that is this far away, in pixels, is off every screen.
const FAR: f64 = 500.0;
/// An opacity, or a part of the font's size, that nobody sees.
const FAINT: f64 = 0.0501;
/// To which something is scaled.
const NEAR_ZERO: f64 = 0.01;

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
        || node.has_attr("popover")
        || is("aria-hidden", "true")
        || (&*name == "input" && is("type", "hidden"))
        || node.class().is_some_and(|class| is_hiding(&class))
        || node.attr("style").is_some_and(|style| hides(&style))
        || (&*name == "font" && is("size", "0"))
}

fn is_hiding(class: &str) -> bool {
    let mut classes = class.split_ascii_whitespace();
    classes.any(|name| HIDING_CLASSES.contains(&name) || (name == "d-none" && !shows_again(class)))
}

/// With `d-md-block` it is hidden on small screens alone.
fn shows_again(class: &str) -> bool {
    class.split_ascii_whitespace().any(|name| {
        let display = name.strip_prefix("d-").unwrap_or_default();
        let kinds = ["block", "flex", "inline", "grid", "table"];
        kinds
            .iter()
            .any(|kind| display.contains(&format!("-{kind}")))
    })
}

/// Whether an inline style takes its element out of sight.
pub(super) fn hides(style: &str) -> bool {
    Declarations::parse(style).hide()
}

impl Declarations {
    /// Whether an element with them takes no room at all.
    pub(super) fn remove(&self) -> bool {
        self.value("display") == Some("none")
    }

    /// Whether they take their element out of sight.
    pub(super) fn hide(&self) -> bool {
        let is = |property: &str, values: &[&str]| {
            self.value(property)
                .is_some_and(|value| values.contains(&value))
        };
        let is_at_most = |property: &str, limit: f64| {
            self.value(property)
                .is_some_and(|value| is_up_to(value, limit))
        };
        self.remove()
            || is("visibility", &["hidden", "collapse"])
            || is("content-visibility", &["hidden"])
            || is_at_most("opacity", FAINT)
            || self.value("font-size").is_some_and(is_tiny)
            || self.cut_all()
            || self.move_off_screen()
            || self.value("clip").is_some_and(is_empty_rect)
            || self.value("clip-path").is_some_and(is_empty_path)
            || self.value("transform").is_some_and(scales_to_nothing)
            || self
                .value("filter")
                .is_some_and(|value| calls_with_nothing(value, "opacity("))
            || (self.value("scale")).is_some_and(|value| {
                value
                    .split(' ')
                    .take(2)
                    .any(|part| is_up_to(part, NEAR_ZERO))
            })
            || self.paint_nothing()
    }

    fn cut_all(&self) -> bool {
        let cuts = |word: &str| matches!(word, "hidden" | "clip");
        let is_small = |property| {
            self.value(property)
                .is_some_and(|value| is_up_to(value, 1.0))
        };
        self.value("overflow")
            .is_some_and(|value| value.split(' ').any(cuts))
            && ["width", "height", "max-width", "max-height"]
                .into_iter()
                .any(is_small)
    }

    fn move_off_screen(&self) -> bool {
        let is_far = |property| {
            self.value(property)
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
        let position = self.value("position");
        let is_placed = matches!(position, Some("absolute" | "fixed" | "relative"));
        is_far("text-indent")
            || is_far("margin-left")
            || (is_placed && ["left", "right", "top", "bottom"].into_iter().any(is_far))
    }

    /// Text in the color of what is behind it, or in none.
    fn paint_nothing(&self) -> bool {
        let fill = self.value("-webkit-text-fill-color");
        let Some(color) = fill.or_else(|| self.value("color")).and_then(Color::parse) else {
            return false;
        };
        let color_in = |value: &str| value.split(' ').find_map(Color::parse);
        let background = self
            .value("background-color")
            .or_else(|| self.value("background"))
            .and_then(|value| Color::parse(value).or_else(|| color_in(value)));
        // The background is painted where the text is, and nowhere else.
        let is_text_painted = ["-webkit-background-clip", "background-clip", "background"]
            .into_iter()
            .filter_map(|property| self.value(property))
            .any(|value| value.split(' ').any(|word| word == "text"));
        (color.is_transparent() && !is_text_painted)
            || background.is_some_and(|background| color.is_like(background))
    }
}

fn is_tiny(size: &str) -> bool {
    is_up_to(size, FAINT)
        || number(size).is_some_and(|(number, unit)| {
            (0.0..=1.0).contains(&number) && matches!(unit, "" | "px" | "pt" | "q")
        })
}

fn scales_to_nothing(transform: &str) -> bool {
    ["scale(", "scalex(", "scaley(", "scale3d("]
        .into_iter()
        .any(|call| calls_with_nothing(transform, call))
}

/// Whether one of the first two arguments of the function is next to nothing.
fn calls_with_nothing(value: &str, call: &str) -> bool {
    value.split(call).skip(1).any(|inside| {
        let inside = inside.split(')').next().unwrap_or_default();
        inside
            .split(',')
            .take(2)
            .any(|part| is_up_to(part.trim(), NEAR_ZERO))
    })
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
