//! The ways in which declarations take their element out of sight.

use super::color::Color;
use super::css_text::{call, words};
use super::declarations::{Declarations, number};
use super::effect::{Effect, Stated, Ways};

/// Text that is this far away, in pixels, is off every screen.
const FAR: f64 = 500.0;
const FARTHER: f64 = 2_000.0;
/// An opacity, or a part of the font's size, that nobody sees.
const FAINT: f64 = 0.0501;
/// To which something is scaled.
const NEAR_ZERO: f64 = 0.01;
/// In pixels: a point is a little more than one.
const TINY: f64 = 1.34;

/// Whether declarations hide in this way.
type Hides = fn(&Declarations) -> bool;

/// Each with the property that it is a value of: where that is stated otherwise, nothing is hidden
/// in this way any more. What lies with two properties has none.
const WAYS: [(&str, Hides); 24] = [
    ("display", Declarations::remove),
    ("visibility", |all| {
        all.is("visibility", &["hidden", "collapse"])
    }),
    ("content-visibility", |all| {
        all.is("content-visibility", &["hidden"])
    }),
    ("opacity", |all| all.has("opacity", is_faint)),
    ("font-size", |all| all.has("font-size", is_tiny)),
    ("width", |all| all.cuts("width", "min-width")),
    ("max-width", |all| all.cuts("max-width", "min-width")),
    ("height", |all| all.cuts("height", "min-height")),
    ("max-height", |all| all.cuts("max-height", "min-height")),
    ("text-indent", |all| all.has("text-indent", is_far)),
    ("margin-left", Declarations::draws_left),
    ("translate", |all| {
        all.has("translate", |value| {
            words(value).take(2).any(is_far_by_itself)
        })
    }),
    ("left", |all| all.is_placed() && all.has("left", is_far)),
    ("top", |all| all.is_placed() && all.has("top", is_far)),
    ("right", |all| {
        all.is_placed() && all.has("right", is_far_or_beyond)
    }),
    ("bottom", |all| {
        all.is_placed() && all.has("bottom", is_far_or_beyond)
    }),
    ("clip", |all| all.has("clip", is_empty_rect)),
    ("clip-path", |all| all.has("clip-path", is_empty_path)),
    ("transform", |all| all.has("transform", transforms_away)),
    ("filter", |all| all.has("filter", filters_away)),
    ("scale", |all| {
        all.has("scale", |value| words(value).take(2).any(is_nothing))
    }),
    ("-webkit-text-fill-color", |all| {
        all.paints_nothing(all.fill())
    }),
    ("color", |all| {
        all.fill().is_none() && all.paints_nothing(all.color())
    }),
    ("", Declarations::is_like_background),
];

/// What decides together whether text is like what is behind it.
const OF_PAINT: [&str; 4] = [
    "-webkit-text-fill-color",
    "color",
    "background-color",
    "background",
];

/// The bit of a property's way.
pub(super) fn way_of(property: &str) -> Ways {
    let place = WAYS.iter().position(|(known, _)| *known == property);
    place.map_or(0, |place| 1 << place)
}

impl Declarations {
    /// Whether an element with them takes no room at all.
    pub(super) fn remove(&self) -> bool {
        self.is("display", &["none", "table-column", "table-column-group"])
    }

    /// Whether they take their element out of sight.
    pub(super) fn hide(&self) -> bool {
        WAYS.iter().any(|(_, hides)| hides(self))
    }

    pub(super) fn effect(&self) -> Effect {
        let (mut all, mut important) = (Stated::default(), 0);
        for (place, (property, hides)) in WAYS.iter().enumerate() {
            let way = 1 << place;
            if hides(self) {
                all.hiding |= way;
            } else if self.has(property, |value| !may_hide(property, value)) {
                all.showing |= way;
            }
            let of: &[&str] = if property.is_empty() {
                &OF_PAINT
            } else {
                &[property]
            };
            if of.iter().any(|property| self.is_important(property)) {
                important |= way;
            }
        }
        Effect {
            all,
            important: all.within(important),
        }
    }

    /// Whether what is said is not what it comes to.
    pub(super) fn is_animated(&self) -> bool {
        ["animation", "animation-name"]
            .into_iter()
            .any(|property| self.has(property, |value| value != "none"))
    }

    fn has(&self, property: &str, is_such: impl Fn(&str) -> bool) -> bool {
        self.value(property).is_some_and(is_such)
    }

    fn is(&self, property: &str, values: &[&str]) -> bool {
        self.has(property, |value| values.contains(&value))
    }

    /// Whether it is cut where there is no room, unless there is room by something else.
    fn cuts(&self, property: &str, least: &str) -> bool {
        let overflows = |such: fn(&str) -> bool| {
            let mut names = ["overflow", "overflow-x", "overflow-y"].into_iter();
            names.any(|overflow| self.has(overflow, |value| words(value).any(such)))
        };
        let grows = |value: &str| {
            let first = words(value).next().unwrap_or_default();
            first == "auto" || number(first).is_some_and(|(number, _)| number > 0.0)
        };
        // Panes that scroll are given what is left of their row.
        let is_given_room = matches!(property, "width" | "height")
            && overflows(scrolls)
            && (self.has("flex", grows) || self.has("flex-grow", grows));
        self.has(property, is_pixel)
            && overflows(cuts)
            && !self.has(least, is_room)
            && !is_given_room
    }

    fn is_placed(&self) -> bool {
        self.is("position", &["absolute", "fixed", "relative"])
    }

    fn draws_left(&self) -> bool {
        let is_from_within = self.has("left", |left| {
            number(left).is_some_and(|(left, unit)| unit == "%" && (40.0..=60.0).contains(&left))
        });
        self.has("margin-left", |margin| {
            // Something wide is centred by half of what it is.
            let is_half = |margin: f64| {
                let is_wide =
                    |width: &str| pixels(width).is_some_and(|width| width >= -1.8 * margin);
                margin > -FARTHER && (self.has("width", is_wide) || self.has("min-width", is_wide))
            };
            let is_centered =
                self.is_placed() && is_from_within && pixels(margin).is_some_and(is_half);
            is_far_by_itself(margin) && !is_centered
        })
    }

    /// Of the letters, where that is not their color.
    fn fill(&self) -> Option<Color> {
        let fill = self.value("-webkit-text-fill-color");
        fill.filter(|fill| *fill != "currentcolor")
            .and_then(Color::parse)
    }

    fn color(&self) -> Option<Color> {
        self.value("color").and_then(Color::parse)
    }

    fn paints_nothing(&self, color: Option<Color>) -> bool {
        // The background is painted where the text is, and nowhere else.
        let is_text = |value: &str| words(value).any(|word| word == "text");
        let paints_background = ["-webkit-background-clip", "background-clip", "background"]
            .into_iter()
            .any(|property| self.has(property, is_text));
        color.is_some_and(Color::is_transparent) && !paints_background
    }

    fn is_like_background(&self) -> bool {
        let background = self
            .value("background-color")
            .or_else(|| self.value("background"))
            .and_then(|value| words(value).find_map(Color::parse));
        background
            .zip(self.fill().or_else(|| self.color()))
            .is_some_and(|(background, color)| color.is_like(background))
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

/// Whether the value hides beside others that are stated elsewhere; or says nothing itself.
fn may_hide(property: &str, value: &str) -> bool {
    let may_hide = match property {
        "width" | "max-width" | "height" | "max-height" => is_pixel(value),
        "left" | "top" => is_far(value),
        "right" | "bottom" => is_far_or_beyond(value),
        "margin-left" => is_far_by_itself(value),
        "color" | "-webkit-text-fill-color" => {
            Color::parse(value).is_some_and(Color::is_transparent)
        }
        _ => false,
    };
    may_hide || value == "revert-layer"
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
fn pixels(value: &str) -> Option<f64> {
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

/// Whether it makes its element nothing, or moves it off the screen.
fn transforms_away(transform: &str) -> bool {
    words(transform)
        .filter_map(call)
        .any(|(name, arguments)| match name {
            "scale" | "scalex" | "scaley" | "scale3d" => {
                arguments.into_iter().take(2).any(is_nothing)
            }
            "translate" | "translatex" | "translatey" => {
                arguments.into_iter().take(2).any(is_far_by_itself)
            }
            // So are the pictures of a row moved through a window.
            "translate3d" => {
                let is_far =
                    |value| pixels(value).map_or(is_far_by_itself(value), |far| far <= -FARTHER);
                arguments.into_iter().take(2).any(is_far)
            }
            "rotatex" | "rotatey" => arguments.first().is_some_and(|angle| is_edge(angle)),
            "matrix" => is_flat(&arguments),
            _ => false,
        })
}

/// Seen from there, something flat is a line.
fn is_edge(angle: &str) -> bool {
    let Some((number, unit)) = number(angle) else {
        return false;
    };
    let turns = match unit {
        "turn" => number,
        "rad" => number / std::f64::consts::TAU,
        "grad" => number / 400.0,
        _ => number / 360.0,
    };
    // At one quarter, and at three.
    ((turns * 2.0).rem_euclid(1.0) - 0.5).abs() < 0.002
}

/// Of six numbers, the first four of which say how large it becomes, and the others where.
fn is_flat(matrix: &[&str]) -> bool {
    let numbers: Option<Vec<f64>> = matrix
        .iter()
        .map(|value| number(value).map(|(number, _)| number))
        .collect();
    let Some([a, b, c, d, right, down]) = numbers.and_then(|all| <[f64; 6]>::try_from(all).ok())
    else {
        return false;
    };
    (a * d - b * c).abs() <= NEAR_ZERO || right.min(down) <= -FARTHER
}

fn filters_away(filter: &str) -> bool {
    words(filter)
        .filter_map(call)
        .any(|(name, arguments)| name == "opacity" && arguments.into_iter().any(is_faint))
}

/// Whether the rectangle has next to no height or width.
fn is_empty_rect(value: &str) -> bool {
    let Some((_, inside)) = value.split_once('(') else {
        return false;
    };
    let inside = inside.trim_end_matches(')');
    let sides: Vec<Option<f64>> = inside
        .split([',', ' '])
        .filter(|side| !side.is_empty())
        .map(pixels)
        .collect();
    let is_narrow = |from: Option<f64>, to: Option<f64>| {
        from.zip(to).is_some_and(|(from, to)| to - from <= 1.0)
    };
    matches!(*sides, [top, right, bottom, left] if is_narrow(top, bottom) || is_narrow(left, right))
}

/// Whether nothing is within the shape.
fn is_empty_path(value: &str) -> bool {
    let Some((shape, arguments)) = words(value).find_map(call) else {
        return false;
    };
    let words = arguments.into_iter().flat_map(words);
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
