//! Which values browsers take (CSS Syntax Level 3 section 2.2). One that they do not take leaves
//! what was declared before it, and so shows nothing again that is hidden.

use super::color::Color;
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
const UNITS: &str = "px em rem ex ch lh rlh cap ic % vw vh vi vb vmin vmax svw svh lvw lvh dvw \
    dvh cqw cqh pt pc in cm mm q";
/// What is worked out later, and so known to be no mistake.
const COMPUTED: [&str; 6] = ["var", "env", "calc", "min", "max", "clamp"];
const SHAPES: [&str; 7] = [
    "inset", "circle", "ellipse", "polygon", "path", "rect", "xywh",
];
const TRANSFORMS: &str = "matrix matrix3d translate translatex translatey translatez translate3d \
    scale scalex scaley scalez scale3d rotate rotatex rotatey rotatez rotate3d skew skewx skewy \
    perspective";
const FILTERS: &str = "opacity blur brightness contrast drop-shadow grayscale hue-rotate invert \
    saturate sepia url";
/// A length without unit is a mistake but in old pages; beyond this, in pixels, it is taken for one.
const FAR: f64 = 500.0;

/// Whether browsers take the value; of properties that are not looked at, any.
pub(super) fn is_known(property: &str, value: &str) -> bool {
    let is_word = |known: &str| is_one_of(known, value);
    let calls = |known: &[&str]| {
        value
            .split_once('(')
            .is_some_and(|(name, _)| known.contains(&name))
    };
    if value.is_empty() || value.contains(['?', '!']) {
        return false;
    }
    if GLOBAL.contains(&value) || calls(&COMPUTED) {
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
        "opacity" => is_factor(value),
        "scale" => value == "none" || has_words(value, 3, is_factor),
        "translate" => value == "none" || has_words(value, 3, is_length),
        "font-size" => is_word(FONT_SIZES) || is_size(value),
        "width" | "height" => value == "auto" || is_word(SIZES) || is_size(value),
        "max-width" | "max-height" => value == "none" || is_word(SIZES) || is_size(value),
        "left" | "right" | "top" | "bottom" | "margin-left" => value == "auto" || is_length(value),
        "text-indent" => is_length(value),
        "color" | "background-color" | "-webkit-text-fill-color" => Color::parse(value).is_some(),
        "clip" => value == "auto" || calls(&["rect"]),
        "clip-path" => value == "none" || calls(&SHAPES),
        "filter" => value == "none" || are_calls(value, FILTERS),
        "transform" => value == "none" || are_calls(value, TRANSFORMS),
        _ => true,
    }
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
    value.split(' ').count() <= most && value.split(' ').all(is_known)
}

fn is_factor(value: &str) -> bool {
    number(value).is_some_and(|(_, unit)| matches!(unit, "" | "%"))
}

fn is_length(value: &str) -> bool {
    number(value).is_some_and(|(number, unit)| {
        is_unit(unit) || (unit.is_empty() && (number == 0.0 || number <= -FAR))
    })
}

/// A length that something can have.
fn is_size(value: &str) -> bool {
    is_length(value) && number(value).is_some_and(|(number, _)| number >= 0.0)
}

/// Calls of these functions, one after the other, each with a number first, or with a call that
/// gives one.
fn are_calls(value: &str, names: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, char) in value.char_indices() {
        let before = value.get(from..at).unwrap_or_default().trim();
        match char {
            '(' if depth == 0 && !is_one_of(names, before) => return false,
            ',' | ')' if depth == 1 && is_word(before) => return false,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        from = at + 1;
    }
    depth == 0 && value.ends_with(')') && !value.contains("()")
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
