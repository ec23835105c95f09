//! The ways in which declarations take their element out of sight.

mod paint;
mod shapes;

pub(super) use paint::Paint;
use shapes::{is_empty_path, is_empty_rect, transforms_away};

use super::color::Color;
use super::css_text::{call, words};
use super::declarations::{Declarations, number};
use super::known_values::{is_global, is_worked_out_later};

/// Text that is this far away, in pixels, is off every screen.
const FAR: f64 = 500.0;
const FARTHER: f64 = 2_000.0;
/// An opacity, or a part of the font's size, that nobody sees.
const FAINT: f64 = 0.0501;
/// To which something is scaled.
const NEAR_ZERO: f64 = 0.01;
/// In pixels: a point is a little more than one.
const TINY: f64 = 1.34;

/// A way to hide.
#[derive(Debug)]
pub(super) struct Way {
    /// The one of its properties by which it is known which rule hides.
    pub(super) property: &'static str,
    /// Where it comes to what is within the element too: what ends it there.
    ended_by: &'static [&'static str],
    hides: fn(&Declarations) -> bool,
}

const fn way(property: &'static str, hides: fn(&Declarations) -> bool) -> Way {
    inherited(property, &[], hides)
}

const fn inherited(
    property: &'static str,
    ended_by: &'static [&'static str],
    hides: fn(&Declarations) -> bool,
) -> Way {
    Way {
        property,
        ended_by,
        hides,
    }
}

const FILL: &str = "-webkit-text-fill-color";

const WAYS: [Way; 26] = [
    way("display", Declarations::remove),
    inherited("visibility", &["visibility"], |all| {
        all.is("visibility", &["hidden", "collapse"])
    }),
    way("content-visibility", |all| {
        all.is("content-visibility", &["hidden"])
    }),
    // What fades in is not what it is declared to be.
    way("opacity", |all| {
        all.has("opacity", is_faint) && !all.has("animation-name", |name| name != "none")
    }),
    inherited("font-size", &["font-size"], |all| {
        all.has("font-size", is_tiny)
    }),
    way("width", |all| all.cuts("width", "min-width")),
    way("max-width", |all| all.cuts("max-width", "min-width")),
    way("height", |all| all.cuts("height", "min-height")),
    way("max-height", |all| all.cuts("max-height", "min-height")),
    inherited("line-height", &["line-height"], |all| {
        let sizes = ["height", "min-height"];
        all.has("line-height", |line| is_up_to(line, 0.0))
            && all.overflows(cuts)
            && !sizes.iter().any(|size| all.has(size, is_room))
    }),
    inherited("text-indent", &["text-indent"], |all| {
        all.has("text-indent", is_far)
    }),
    way("margin-left", |all| {
        all.is_drawn_off("margin-left", "left", ["width", "min-width"])
    }),
    way("margin-top", |all| {
        all.is("position", &["absolute", "fixed"])
            && all.is_drawn_off("margin-top", "top", ["height", "min-height"])
    }),
    way("translate", |all| {
        all.has("translate", |value| {
            words(value).take(2).any(is_far_by_itself)
        })
    }),
    way("left", |all| all.is_placed() && all.has("left", is_far)),
    way("top", |all| all.is_placed() && all.has("top", is_far)),
    way("right", |all| {
        all.is_placed() && all.has("right", is_far_or_beyond)
    }),
    way("bottom", |all| {
        all.is_placed() && all.has("bottom", is_far_or_beyond)
    }),
    way("clip", |all| all.has("clip", is_empty_rect)),
    way("clip-path", |all| all.has("clip-path", is_empty_path)),
    way("transform", |all| all.has("transform", transforms_away)),
    way("filter", |all| all.has("filter", filters_away)),
    way("scale", |all| {
        all.has("scale", |value| words(value).take(2).any(is_nothing))
    }),
    inherited(FILL, &[FILL], |all| all.paints_nothing(all.fill())),
    inherited("color", &["color", FILL], |all| {
        all.fill().is_none() && all.paints_nothing(all.color())
    }),
    inherited(
        "background-color",
        &["color", FILL, "background-color"],
        |all| all.paint().hides(),
    ),
];

impl Way {
    pub(super) fn is_inherited(&self) -> bool {
        !self.ended_by.is_empty()
    }

    /// Whether it is by two colors, one of which may be said again.
    pub(super) fn is_of_paint(&self) -> bool {
        self.property == "background-color"
    }
}

impl Declarations {
    /// Whether an element with them takes no room at all.
    pub(super) fn remove(&self) -> bool {
        self.is("display", &["none", "table-column", "table-column-group"])
    }

    /// Whether they take their element out of sight.
    pub(super) fn hide(&self) -> bool {
        self.ways().next().is_some()
    }

    /// Whether they take their element out of sight by letting it fade, and by nothing else.
    pub(super) fn only_fades(&self) -> bool {
        self.hide() && self.ways().all(|way| way.property == "opacity")
    }

    /// The ways in which they do.
    pub(super) fn ways(&self) -> impl Iterator<Item = &'static Way> {
        WAYS.iter().filter(|way| (way.hides)(self))
    }

    /// The ways in which an element with them is not hidden where what is around it is: something
    /// is declared, and not to be as it is there.
    pub(super) fn ended_ways(&self) -> impl Iterator<Item = &'static Way> {
        WAYS.iter().filter(|way| {
            let mut ended_by = way.ended_by.iter();
            // What cannot be worked out ends nothing.
            let ends = |property: &str, value: &str| {
                !is_of_parent(property, value) && !is_worked_out_later(value)
            };
            ended_by.any(|property| self.has(property, |value| ends(property, value)))
        })
    }

    fn has(&self, property: &str, is_such: impl Fn(&str) -> bool) -> bool {
        self.value(property).is_some_and(is_such)
    }

    fn is(&self, property: &str, values: &[&str]) -> bool {
        self.has(property, |value| values.contains(&value))
    }

    /// Whether it is cut where there is no room, unless there is room by something else.
    fn cuts(&self, property: &str, least: &str) -> bool {
        let grows = |value: &str| number(value).is_some_and(|(number, _)| number > 0.0);
        // Panes that scroll are given what is left of their row.
        let is_given_room = matches!(property, "width" | "height")
            && self.overflows(scrolls)
            && self.has("flex-grow", grows);
        self.has(property, is_pixel)
            && self.overflows(cuts)
            && !self.has(least, is_room)
            && !is_given_room
    }

    fn overflows(&self, such: fn(&str) -> bool) -> bool {
        self.has("overflow-x", such) || self.has("overflow-y", such)
    }

    fn is_placed(&self) -> bool {
        self.is("position", &["absolute", "fixed", "relative"])
    }

    /// By a margin at one of its sides; it has this size across.
    fn is_drawn_off(&self, margin: &str, side: &str, sizes: [&str; 2]) -> bool {
        let is_from_within = self.has(side, |side| {
            number(side).is_some_and(|(side, unit)| unit == "%" && (40.0..=60.0).contains(&side))
        });
        self.has(margin, |margin| {
            // Something wide is centred by half of what it is.
            let is_half = |margin: f64| {
                let is_wide = |size: &str| pixels(size).is_some_and(|size| size >= -1.8 * margin);
                margin > -FARTHER && sizes.iter().any(|size| self.has(size, is_wide))
            };
            let is_centered =
                self.is_placed() && is_from_within && pixels(margin).is_some_and(is_half);
            is_far_by_itself(margin) && !is_centered
        })
    }

    /// Of the letters, where that is not their color.
    fn fill(&self) -> Option<Color> {
        let fill = self.value(FILL).filter(|fill| *fill != "currentcolor");
        fill.and_then(Color::parse)
    }

    fn color(&self) -> Option<Color> {
        self.value("color").and_then(Color::parse)
    }

    fn paints_nothing(&self, color: Option<Color>) -> bool {
        // The background is painted where the text is, and nowhere else.
        let is_text = |value: &str| words(value).any(|word| word == "text");
        let is_seen = |color: &str| !Color::parse(color).is_some_and(Color::is_transparent);
        // A sheet elsewhere may say what there is behind, unless it is said here.
        let is_bare =
            self.is("background-image", &["none"]) && !self.has("background-color", is_seen);
        color.is_some_and(Color::is_transparent)
            && (is_bare || !self.has("background-clip", is_text))
    }
}

fn scrolls(overflow: &str) -> bool {
    matches!(overflow, "scroll" | "auto" | "overlay")
}

/// What can be scrolled in no room is not seen either.
fn cuts(overflow: &str) -> bool {
    matches!(overflow, "hidden" | "clip") || scrolls(overflow)
}

/// Of a least size: not what depends on a container that may have none.
fn is_room(value: &str) -> bool {
    const ROOM: [&str; 5] = [
        "min-content",
        "max-content",
        "fit-content",
        "stretch",
        "-webkit-fill-available",
    ];
    ROOM.contains(&value)
        || pixels(value).is_some_and(|pixels| pixels > TINY)
        || number(value).is_some_and(|(number, unit)| {
            (unit == "%" && number >= 100.0) || (is_of_window(unit) && number > 0.0)
        })
}

/// Whether the value is what it is around the element, or a part of that.
fn is_of_parent(property: &str, value: &str) -> bool {
    let is_relative = |unit: &str| matches!(unit, "%" | "em" | "ex" | "ch" | "cap" | "ic" | "lh");
    match property {
        _ if is_global(value) && value != "initial" => true,
        "font-size" => {
            matches!(value, "smaller" | "larger" | "math")
                || number(value).is_some_and(|(_, unit)| is_relative(unit))
        }
        "color" | FILL => value == "currentcolor",
        "background-color" => Color::parse(value).is_none_or(Color::is_transparent),
        _ => false,
    }
}

/// Of a font.
fn is_tiny(size: &str) -> bool {
    is_up_to(size, FAINT) || is_pixel(size)
}

/// Or nothing.
fn is_pixel(size: &str) -> bool {
    is_up_to(size, 0.0) || pixels(size).is_some_and(|pixels| (0.0..=TINY).contains(&pixels))
}

/// About as many pixels; nothing where that depends on what is around.
pub(super) fn pixels(value: &str) -> Option<f64> {
    let (number, unit) = number(value)?;
    let each = match unit {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "q" => 0.95,
        "mm" => 3.8,
        "cm" => 38.0,
        "in" => 96.0,
        "ex" | "ch" => 8.0,
        unit if unit == "%" || is_of_window(unit) => return None,
        _ => 16.0,
    };
    Some(number * each)
}

/// A hundredth of a window, or of a container.
fn is_of_window(unit: &str) -> bool {
    ["v", "sv", "lv", "dv", "cq"]
        .iter()
        .any(|prefix| unit.starts_with(prefix))
}

fn is_far_by_itself(value: &str) -> bool {
    pixels(value).is_some_and(|pixels| pixels <= -FAR)
        || number(value).is_some_and(|(number, unit)| is_of_window(unit) && number <= -100.0)
}

fn is_far(value: &str) -> bool {
    is_far_by_itself(value)
        || number(value).is_some_and(|(number, unit)| unit == "%" && number <= -100.0)
}

/// Only this far is it beyond the other side of whatever it is placed in.
fn is_far_or_beyond(value: &str) -> bool {
    is_far(value) || pixels(value).is_some_and(|pixels| pixels >= FARTHER)
}

/// Less than nothing is nothing.
fn is_faint(opacity: &str) -> bool {
    is_up_to(opacity, FAINT) || number(opacity).is_some_and(|(number, _)| number < 0.0)
}

fn is_nothing(factor: &str) -> bool {
    is_up_to(factor, NEAR_ZERO)
}

fn filters_away(filter: &str) -> bool {
    words(filter)
        .filter_map(call)
        .any(|(name, arguments)| name == "opacity" && arguments.into_iter().any(is_faint))
}

/// `0`, `0.0`, `0px`, `0%`; and more, up to a limit.
fn is_up_to(value: &str, limit: f64) -> bool {
    number(value).is_some_and(|(number, unit)| {
        let part = if unit == "%" { number / 100.0 } else { number };
        (0.0..=limit).contains(&part)
    })
}
