//! Transforms and shapes that leave nothing of their element to be seen.

use super::super::css_text::{call, words};
use super::super::declarations::number;
use super::{FARTHER, NEAR_ZERO, is_far_by_itself, is_nothing, is_up_to, pixels};

/// Whether it makes its element nothing, or moves it off the screen.
pub(super) fn transforms_away(transform: &str) -> bool {
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

/// Whether the rectangle has next to no height or width.
pub(super) fn is_empty_rect(value: &str) -> bool {
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

/// In pixels: nothing that is cut here is as high.
const FARTHEST: f64 = 9_000.0;

/// Whether nothing is within the shape.
pub(super) fn is_empty_path(value: &str) -> bool {
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
            let far = |side: Option<&&str>| side.and_then(|side| pixels(side)).unwrap_or(0.0);
            let across = far(rest.get(2).or(right).or(Some(first))) + far(right.or(Some(first)));
            let down = far(Some(first)) + far(bottom.or(Some(first)));
            top + bottom_share >= 100.0
                || left_share + right_share >= 100.0
                || across >= FARTHER
                || down >= FARTHEST
        }
        ("xywh", [_, _, sizes @ ..]) => sizes.iter().any(is_nothing),
        ("circle", [radius, ..]) => is_nothing(radius),
        ("ellipse", radii) => radii.iter().any(is_nothing),
        ("polygon" | "rect", points) => !points.is_empty() && points.iter().all(is_nothing),
        _ => false,
    }
}
