//! Text that a person would not see is a channel to the model that reads the page for him: it is
//! dropped before anything is converted. What a style sheet elsewhere hides is not known here.

use std::ops::Deref;

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
const FARTHER: f64 = 2_000.0;
/// An opacity, or a part of the font's size, that nobody sees.
const FAINT: f64 = 0.0501;
/// To which something is scaled.
const NEAR_ZERO: f64 = 0.01;

/// Removes from the tree what is not shown.
pub(super) fn remove(document: &Document) {
    // Before what they are in goes, and with it the scripts, which are no text of which they could
    // hide a part.
    let sheets = style_sheets::read(document);
    for node in document.root().descendants() {
        if is_dropped(&node) {
            node.remove_from_parent();
        }
    }
    for node in sheets.hidden(document) {
        node.remove_from_parent();
    }
}

fn is_dropped(node: &NodeRef<'_>) -> bool {
    let Some(name) = node.node_name() else {
        return node.is_comment();
    };
    is_unseen(&name, |name| node.attr(name))
}

/// Whether an element with this name and these attributes is not shown, whoever read it.
pub(super) fn is_unseen<S: Deref<Target = str>>(
    name: &str,
    attribute: impl Fn(&str) -> Option<S>,
) -> bool {
    // Some pages are hidden as a whole until a script has run.
    if matches!(name, "html" | "body") {
        return false;
    }
    let has = |name: &str| attribute(name).is_some();
    let is = |name: &str, value: &str| {
        attribute(name).is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
    };
    NOT_CONTENT.contains(&name)
        || (name == "dialog" && !has("open"))
        || has("hidden")
        || has("popover")
        || is("aria-hidden", "true")
        || (name == "input" && is("type", "hidden"))
        || attribute("class").is_some_and(|class| is_hiding(&class))
        || attribute("style").is_some_and(|style| Declarations::parse(&style).hide())
        || (name == "font" && is("size", "0"))
}

fn is_hiding(class: &str) -> bool {
    let mut classes = class.split_ascii_whitespace();
    classes.any(|name| HIDING_CLASSES.contains(&name) || (name == "d-none" && !shows_again(class)))
}

/// With `d-md-block` it is hidden on small screens alone, with `d-print-block` on all.
fn shows_again(class: &str) -> bool {
    class.split_ascii_whitespace().any(|name| {
        let display = name.strip_prefix("d-").unwrap_or_default();
        if display.starts_with("print-") {
            return false;
        }
        let kinds = ["block", "flex", "inline", "grid", "table"];
        kinds
            .iter()
            .any(|kind| display.contains(&format!("-{kind}")))
    })
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
        self.remove()
            || is("visibility", &["hidden", "collapse"])
            || is("content-visibility", &["hidden"])
            || self.value("opacity").is_some_and(is_faint)
            || self.value("font-size").is_some_and(is_tiny)
            || self.cut_all()
            || self.move_off_screen()
            || self.value("clip").is_some_and(is_empty_rect)
            || self.value("clip-path").is_some_and(is_empty_path)
            || self.value("transform").is_some_and(transforms_away)
            || self
                .value("filter")
                .is_some_and(|value| calls_with(value, "opacity(", is_faint))
            || (self.value("scale")).is_some_and(|value| {
                value
                    .split(' ')
                    .take(2)
                    .any(|part| is_up_to(part, NEAR_ZERO))
            })
            || self.paint_nothing()
    }

    fn cut_all(&self) -> bool {
        // What can be scrolled in no room is not seen either.
        let cuts = |word: &str| matches!(word, "hidden" | "clip" | "scroll" | "auto" | "overlay");
        let is_small = |property| self.value(property).is_some_and(is_pixel);
        ["overflow", "overflow-x", "overflow-y"]
            .into_iter()
            .filter_map(|property| self.value(property))
            .any(|value| value.split(' ').any(cuts))
            && ["width", "height", "max-width", "max-height"]
                .into_iter()
                .any(is_small)
    }

    fn move_off_screen(&self) -> bool {
        let is_far = |property| self.value(property).is_some_and(is_far);
        // Only this far is it beyond the other side of whatever it is placed in.
        let is_farther = |property| {
            self.value(property)
                .and_then(pixels)
                .is_some_and(|pixels| pixels >= FARTHER)
        };
        let position = self.value("position");
        let is_placed = matches!(position, Some("absolute" | "fixed" | "relative"));
        let is_moved = self
            .value("translate")
            .is_some_and(|value| value.split(' ').take(2).any(is_far_by_itself));
        is_far("text-indent")
            // By as much as its container is wide, columns are laid out side by side.
            || self.value("margin-left").is_some_and(is_far_by_itself)
            || is_moved
            || (is_placed
                && (["left", "right", "top", "bottom"].into_iter().any(is_far)
                    || ["right", "bottom"].into_iter().any(is_farther)))
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

/// Of a font.
fn is_tiny(size: &str) -> bool {
    is_up_to(size, FAINT) || is_pixel(size)
}

/// Or nothing.
fn is_pixel(size: &str) -> bool {
    number(size).is_some_and(|(number, unit)| {
        number == 0.0 || ((0.0..=1.0).contains(&number) && matches!(unit, "" | "px" | "pt" | "q"))
    })
}

/// About as many pixels; nothing where that depends on what is around.
fn pixels(value: &str) -> Option<f64> {
    match number(value)? {
        (_, "%" | "vw" | "vh" | "vmin" | "vmax") => None,
        (number, "" | "px" | "pt" | "q") => Some(number),
        (number, _) => Some(number * 16.0),
    }
}

fn is_far_by_itself(value: &str) -> bool {
    pixels(value).is_some_and(|pixels| pixels <= -FAR)
        || number(value).is_some_and(|(number, unit)| unit.starts_with('v') && number <= -100.0)
}

fn is_far(value: &str) -> bool {
    is_far_by_itself(value)
        || number(value).is_some_and(|(number, unit)| unit == "%" && number <= -100.0)
}

/// Less than nothing is nothing.
fn is_faint(opacity: &str) -> bool {
    is_up_to(opacity, FAINT) || number(opacity).is_some_and(|(number, _)| number < 0.0)
}

/// Whether it makes its element nothing, or moves it off the screen.
fn transforms_away(transform: &str) -> bool {
    let scales = ["scale(", "scalex(", "scaley(", "scale3d("];
    let moves = ["translate(", "translatex(", "translatey(", "translate3d("];
    let nothing = |call| calls_with(transform, call, |part| is_up_to(part, NEAR_ZERO));
    let away = |call| calls_with(transform, call, is_far_by_itself);
    scales.into_iter().any(nothing) || moves.into_iter().any(away)
}

/// Whether one of the first two arguments of the function is such.
fn calls_with(value: &str, call: &str, is_such: impl Fn(&str) -> bool) -> bool {
    value.split(call).skip(1).any(|inside| {
        let inside = inside.split(')').next().unwrap_or_default();
        inside.split(',').take(2).any(|part| is_such(part.trim()))
    })
}

fn is_empty_rect(value: &str) -> bool {
    let inside = value.strip_prefix("rect(").unwrap_or_default();
    let numbers = inside.trim_end_matches(')').split([',', ' ']);
    let mut numbers = numbers.filter(|part| !part.is_empty()).peekable();
    numbers.peek().is_some() && numbers.all(|part| is_up_to(part, 1.0))
}

/// Whether nothing is within the shape.
fn is_empty_path(value: &str) -> bool {
    let (shape, inside) = value.split_once('(').unwrap_or_default();
    let inside = inside.trim_end_matches(')');
    let words = inside.split([',', ' ']).filter(|word| !word.is_empty());
    let measures = words.take_while(|word| !matches!(*word, "at" | "round"));
    let measures: Vec<&str> = measures.collect();
    let is_nothing = |measure: &&str| is_up_to(measure, 0.0);
    match (shape, measures.as_slice()) {
        ("inset", [first, rest @ ..]) => {
            let percent = |side: Option<&&str>| match side.and_then(|side| number(side)) {
                Some((number, "%")) => number,
                _ => 0.0,
            };
            let (right, bottom) = (rest.first(), rest.get(1));
            let top = percent(Some(first));
            let right_share = percent(right.or(Some(first)));
            let bottom_share = percent(bottom.or(Some(first)));
            let left_share = rest.get(2).map_or(right_share, |left| percent(Some(left)));
            top + bottom_share >= 100.0 || left_share + right_share >= 100.0
        }
        ("circle", [radius, ..]) => is_nothing(radius),
        ("ellipse", radii) => radii.iter().any(is_nothing),
        ("polygon" | "rect", points) => !points.is_empty() && points.iter().all(is_nothing),
        _ => false,
    }
}

/// `0`, `0.0`, `0px`, `0%`; and more, up to a limit.
fn is_up_to(value: &str, limit: f64) -> bool {
    number(value).is_some_and(|(number, unit)| {
        let part = if unit == "%" { number / 100.0 } else { number };
        (0.0..=limit).contains(&part)
    })
}
