//! Which values browsers take (CSS Syntax Level 3 section 2.2). One that they do not take leaves
//! what was declared before it, and so shows nothing again that is hidden.

use std::ops::RangeInclusive;

use super::color::{Color, MAX_LENGTH as MAX_COLOR};
use super::css_text::{call, parts, words};
use super::declarations::number;

const GLOBAL: [&str; 5] = ["inherit", "initial", "unset", "revert", "revert-layer"];
const DISPLAY: &str = "none contents block inline inline-block list-item flow flow-root flex \
    inline-flex grid inline-grid table inline-table table-row table-cell table-caption \
    table-column table-column-group table-row-group table-header-group table-footer-group ruby \
    ruby-text math -webkit-box -webkit-inline-box -webkit-flex -webkit-inline-flex";
/// Or at most one word of each of these (CSS Display Level 3).
const DISPLAY_PARTS: [&str; 3] = [
    "block inline",
    "flow flow-root table flex grid ruby math",
    "list-item",
];
const FONT_SIZES: &str = "medium small x-small xx-small large x-large xx-large xxx-large smaller \
    larger math";
const SIZES: &str = "min-content max-content fit-content stretch -webkit-fill-available";
const UNITS: &str = "px em rem ex rex ch rch lh rlh cap rcap ic ric % vw vh vi vb vmin vmax svw \
    svh svi svb svmin svmax lvw lvh lvi lvb lvmin lvmax dvw dvh dvi dvb dvmin dvmax cqw cqh cqi \
    cqb cqmin cqmax pt pc in cm mm q";
const MATHS: [&str; 4] = ["calc", "min", "max", "clamp"];
const ANGLES: &str = "deg grad rad turn";
const BACKGROUND: &str = "none repeat repeat-x repeat-y no-repeat space round scroll fixed local left \
    right top bottom center auto cover contain text";
const IMAGES: &str = "image-set cross-fade element image paint";
const BOXES: &str = "margin-box border-box padding-box content-box fill-box stroke-box view-box";
/// As [`written`](super::css_text::written) has the address of something.
const ADDRESS: &str = "\"\"";
/// A length without unit is a mistake but in old pages; beyond this, in pixels, it is taken for one.
const FAR: f64 = 500.0;

/// Whether browsers take the value; of properties that are not looked at, any.
pub(super) fn is_known(property: &str, value: &str) -> bool {
    let is_word = |known: &str| is_one_of(known, value);
    if value.is_empty() || value.contains(['?', '!']) {
        return false;
    }
    if is_global(value) || is_worked_out_later(value) {
        return true;
    }
    match property {
        "display" => is_display(value),
        "visibility" => is_word("visible hidden collapse"),
        "content-visibility" => is_word("visible auto hidden"),
        "position" => is_word("static relative absolute fixed sticky -webkit-sticky"),
        "overflow" => has_words(value, 2, |word| {
            is_one_of("visible hidden clip scroll auto overlay", word)
        }),
        "overflow-x" | "overflow-y" => is_word("visible hidden clip scroll auto overlay"),
        "background" => is_background(value),
        "line-height" => value == "normal" || is_factor(value) || is_size(value),
        "opacity" => is_factor(value),
        "scale" => value == "none" || has_words(value, 3, is_factor),
        "translate" => value == "none" || has_words(value, 3, is_length),
        "font-size" => is_word(FONT_SIZES) || is_size(value),
        "flex-grow" => is_number(value),
        "min-width" | "min-height" | "width" | "height" => {
            value == "auto" || is_word(SIZES) || is_size(value)
        }
        "max-width" | "max-height" => value == "none" || is_word(SIZES) || is_size(value),
        "left" | "right" | "top" | "bottom" | "margin-left" | "margin-top" => {
            value == "auto" || is_length(value)
        }
        "text-indent" => is_length(value),
        "color" | "background-color" | "-webkit-text-fill-color" => Color::parse(value).is_some(),
        "clip" => value == "auto" || is_rect(value),
        "clip-path" => {
            value == "none" || has_words(value, 2, |word| is_one_of(BOXES, word) || is_shape(word))
        }
        "filter" => value == "none" || words(value).all(is_filter),
        "transform" => value == "none" || words(value).all(is_transform),
        _ => true,
    }
}

/// What every property takes, by itself.
pub(super) fn is_global(value: &str) -> bool {
    GLOBAL.contains(&value)
}

/// A color, images and where they are.
fn is_background(value: &str) -> bool {
    let is_image = |word: &str| {
        word == ADDRESS
            || call(word).is_some_and(|(name, _)| {
                name.ends_with("gradient") || is_one_of(IMAGES, name.trim_start_matches("-webkit-"))
            })
    };
    let mut layers = parts(value, &[',']);
    layers.all(|layer| {
        let mut words = parts(layer, &[' ', '/']);
        words.all(|word| {
            word.is_empty()
                || is_one_of(BACKGROUND, word)
                || is_one_of(BOXES, word)
                || is_length(word)
                || is_image(word)
                || (word.len() <= MAX_COLOR && Color::parse(word).is_some())
        })
    })
}

/// With a variable in it, it is known to be no mistake, whatever the variable is.
pub(super) fn is_worked_out_later(value: &str) -> bool {
    let calls = |call: &str| {
        value.match_indices(call).any(|(at, _)| {
            let before = value.get(..at).unwrap_or_default();
            !before.ends_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_'))
        })
    };
    calls("var(--") || (calls("env(") && !value.contains("env()"))
}

/// Whether a word is a length in one of CSS's units.
pub(super) fn is_unit(unit: &str) -> bool {
    is_one_of(UNITS, unit)
}

fn is_display(value: &str) -> bool {
    let of_part = |part: &str| {
        let words = value.split(' ');
        words.filter(|word| is_one_of(part, word)).count()
    };
    let of_parts = DISPLAY_PARTS.map(of_part);
    is_one_of(DISPLAY, value)
        || (of_parts.iter().all(|count| *count <= 1)
            && of_parts.iter().sum::<usize>() == value.split(' ').count())
}

fn has_words(value: &str, most: usize, is_known: impl Fn(&str) -> bool) -> bool {
    words(value).count() <= most && words(value).all(is_known)
}

fn is_number(value: &str) -> bool {
    number(value).is_some_and(|(_, unit)| unit.is_empty()) || is_sum(value, str::is_empty)
}

fn is_factor(value: &str) -> bool {
    let is_unit = |unit: &str| matches!(unit, "" | "%");
    number(value).is_some_and(|(_, unit)| is_unit(unit)) || is_sum(value, is_unit)
}

fn is_length(value: &str) -> bool {
    let is_plain = number(value).is_some_and(|(number, unit)| {
        is_unit(unit) || (unit.is_empty() && (number == 0.0 || number <= -FAR))
    });
    is_plain || is_sum(value, is_unit)
}

/// A length that something can have.
pub(super) fn is_size(value: &str) -> bool {
    is_length(value) && number(value).is_none_or(|(number, _)| number >= 0.0)
}

fn is_angle(value: &str) -> bool {
    let is_plain = number(value).is_some_and(|(number, unit)| {
        is_one_of(ANGLES, unit) || (unit.is_empty() && number == 0.0)
    });
    is_plain || is_sum(value, |unit| is_one_of(ANGLES, unit))
}

/// A call that gives a number with such a unit. What is multiplied with it has none.
fn is_sum(value: &str, is_unit: impl Fn(&str) -> bool) -> bool {
    let is_call = call(value).is_some_and(|(name, _)| MATHS.contains(&name));
    let words = || {
        let words = value.split([' ', ',', '(', ')', '*', '/']);
        words.filter(|word| !word.is_empty() && !MATHS.contains(word))
    };
    let unit = |word| number(word).map(|(_, unit)| unit);
    is_call
        && words().any(|word| unit(word).is_some_and(&is_unit))
        && words().all(|word| {
            matches!(word, "+" | "-" | "infinity" | "-infinity" | "pi" | "e")
                || unit(word).is_some_and(|unit| unit.is_empty() || is_unit(unit))
        })
}

fn is_transform(word: &str) -> bool {
    let Some((name, arguments)) = call(word) else {
        return false;
    };
    let (counts, is_known): (_, fn(&str) -> bool) = match name {
        "matrix" => (6..=6, is_number),
        "matrix3d" => (16..=16, is_number),
        "translate" => (1..=2, is_length),
        "translatex" | "translatey" | "translatez" => (1..=1, is_length),
        "translate3d" => (3..=3, is_length),
        "scale" => (1..=2, is_factor),
        "scalex" | "scaley" | "scalez" => (1..=1, is_factor),
        "scale3d" => (3..=3, is_factor),
        "rotate" | "rotatex" | "rotatey" | "rotatez" | "skewx" | "skewy" => (1..=1, is_angle),
        "rotate3d" => (4..=4, |value| is_number(value) || is_angle(value)),
        "skew" => (1..=2, is_angle),
        "perspective" => (1..=1, |value| value == "none" || is_length(value)),
        _ => return false,
    };
    counts.contains(&arguments.len()) && arguments.into_iter().all(is_known)
}

fn is_filter(word: &str) -> bool {
    let Some((name, arguments)) = call(word) else {
        return word == ADDRESS;
    };
    let is_known: fn(&str) -> bool = match name {
        "blur" => is_size,
        "hue-rotate" => is_angle,
        "url" => |value| value == ADDRESS,
        "drop-shadow" => |value| {
            let lengths = words(value).filter(|word| is_length(word)).count();
            let colors = words(value).filter(|word| Color::parse(word).is_some());
            let colors = colors.count();
            matches!(lengths, 2 | 3) && colors <= 1 && lengths + colors == words(value).count()
        },
        "opacity" | "brightness" | "contrast" | "grayscale" | "invert" | "saturate" | "sepia" => {
            is_factor
        }
        _ => return false,
    };
    arguments.len() <= 1 && arguments.into_iter().all(is_known)
}

/// `rect(1px 2px 3px auto)`, with commas or without.
fn is_rect(word: &str) -> bool {
    call(word).is_some_and(|(name, arguments)| {
        let sides = || arguments.iter().flat_map(|argument| words(argument));
        name == "rect"
            && sides().count() == 4
            && sides().all(|side| side == "auto" || is_length(side))
    })
}

fn is_shape(word: &str) -> bool {
    let Some((name, arguments)) = call(word) else {
        return word == ADDRESS;
    };
    let first = arguments.first().copied().unwrap_or_default();
    let measures = words(first).take_while(|word| !matches!(*word, "at" | "round"));
    let measures: Vec<&str> = measures.collect();
    let are_lengths = |counts: RangeInclusive<usize>| {
        counts.contains(&measures.len()) && measures.iter().all(|measure| is_length(measure))
    };
    let is_radius =
        |radius: &&str| matches!(*radius, "closest-side" | "farthest-side") || is_size(radius);
    match name {
        "circle" => arguments.len() <= 1 && measures.len() <= 1 && measures.iter().all(is_radius),
        "ellipse" => {
            arguments.len() <= 1
                && matches!(measures.len(), 0 | 2)
                && measures.iter().all(is_radius)
        }
        "inset" => arguments.len() == 1 && are_lengths(1..=4),
        "rect" | "xywh" => {
            let is_side = |side: &&str| *side == "auto" || is_length(side);
            arguments.len() == 1 && measures.len() == 4 && measures.iter().all(is_side)
        }
        "polygon" => {
            let points = arguments.iter();
            let points = points.skip_while(|part| is_one_of("nonzero evenodd", part));
            let mut points = points.peekable();
            points.peek().is_some()
                && points.all(|point| words(point).count() == 2 && words(point).all(is_length))
        }
        "path" => arguments.last() == Some(&ADDRESS),
        "url" => first == ADDRESS,
        _ => false,
    }
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
