//! Colors (CSS Color Level 4), as far as it takes to see that one is none, or the same as another.

mod perceived;
#[cfg(test)]
mod tests;

use cssparser::color::{parse_hash_color, parse_named_color};

use super::css_text::{parts, words};
use super::declarations::number;

/// That of the page itself.
pub(super) const CANVAS: &str = "canvas";
/// Colors that the reader's system has, or what is around.
const WITHOUT_VALUE: [&str; 7] = [
    "currentcolor",
    "canvastext",
    "linktext",
    "visitedtext",
    "buttontext",
    "graytext",
    "fieldtext",
];
/// In which three numbers are a color.
const SPACES: &str = "srgb srgb-linear display-p3 display-p3-linear a98-rgb prophoto-rgb rec2020 \
    xyz xyz-d50 xyz-d65";
/// As good as transparent.
const FAINT: f64 = 0.05;
/// What is behind a color of less can be anything: white letters are read on a tenth of white.
const COVERING: f64 = 0.5;
/// No eye tells channels of colors apart that differ by so little, in 255 parts.
const NEAR: u8 = 8;

#[derive(Debug, Clone, Copy)]
pub(super) struct Color {
    /// Nothing where it is in another space.
    rgb: Option<(u8, u8, u8)>,
    alpha: f64,
}

/// In bytes: one may be made of others, and each is read several times. Who writes more hides.
pub(super) const MAX_LENGTH: usize = 1_000;

impl Color {
    /// Nothing where it is no color.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let opaque = |rgb| Self { rgb, alpha: 1.0 };
        if value == "transparent" || value.len() > MAX_LENGTH {
            return Some(Self {
                rgb: None,
                alpha: 0.0,
            });
        }
        if value == CANVAS {
            return Some(opaque(Some((255, 255, 255))));
        }
        if WITHOUT_VALUE.contains(&value) {
            return Some(opaque(None));
        }
        if let Some(hash) = value.strip_prefix('#') {
            let (red, green, blue, alpha) = parse_hash_color(hash.as_bytes()).ok()?;
            let rgb = Some((red, green, blue));
            return Some(Self {
                rgb,
                alpha: alpha.into(),
            });
        }
        let Some((name, inside)) = value.split_once('(') else {
            return parse_named_color(value).ok().map(|rgb| opaque(Some(rgb)));
        };
        let inside = inside.strip_suffix(')')?.trim();
        if name == "color-mix" {
            return Self::mixed(inside);
        }
        if name == "light-dark" {
            // The reader's page is a light one.
            let mut colors = parts(inside, &[',']).map(Self::parse);
            let (light, _dark) = colors.next()?.zip(colors.next()?)?;
            return Some(light).filter(|_| colors.next().is_none());
        }
        let mut halves = parts(inside, &['/']);
        let (channels, alpha) = (halves.next()?, halves.next());
        let is_legacy = parts(channels, &[',']).count() > 1;
        let mut channels: Vec<&str> = if is_legacy {
            parts(channels, &[',']).collect()
        } else {
            words(channels).collect()
        };
        let can_be_legacy = matches!(name, "rgb" | "rgba" | "hsl" | "hsla");
        let alpha = match alpha {
            None if is_legacy && channels.len() == 4 => channels.pop(),
            Some(_) if is_legacy => return None,
            alpha => alpha,
        };
        if halves.next().is_some() || (is_legacy && !can_be_legacy) {
            return None;
        }
        let alpha = match alpha {
            Some("none") => 0.0,
            Some(alpha) => part(alpha, 1.0)?,
            None => 1.0,
        };
        if let ["from", origin, rest @ ..] = channels.as_slice() {
            return Self::of_another(name, origin, rest, alpha);
        }
        let (first, second, third) = match (name, channels.as_slice()) {
            ("color", [space, rest @ ..]) if !is_space(space) || rest.len() != 3 => return None,
            ("color", [_, first, second, third]) | (_, [first, second, third]) => {
                (*first, *second, *third)
            }
            _ => return None,
        };
        let hue = match name {
            "hsl" | "hsla" | "hwb" => Some(first),
            "lch" | "oklch" => Some(third),
            "rgb" | "rgba" | "lab" | "oklab" | "color" => None,
            _ => return None,
        };
        let is_percent = |channel: &str| channel.ends_with('%');
        let needs_percent = is_legacy && hue.is_some();
        let are_known = [first, second, third].into_iter().all(|channel| {
            let is_hue = Some(channel) == hue;
            is_channel(channel, is_hue) && !(is_legacy && channel == "none")
        });
        if !are_known || (needs_percent && !(is_percent(second) && is_percent(third))) {
            return None;
        }
        let space = match channels.as_slice() {
            [space, ..] if name == "color" => space,
            _ => name,
        };
        let rgb = channels_of(space, [first, second, third]);
        let rgb = rgb.map(|rgb| rgb.map(byte));
        Some(Self {
            rgb: rgb.map(|[red, green, blue]| (red, green, blue)),
            alpha,
        })
    }

    /// `in srgb, red 50%, #fff`; nothing is mixed of nothings.
    fn mixed(inside: &str) -> Option<Self> {
        let mut arguments = parts(inside, &[',']);
        let space = arguments.next()?;
        let colors: Option<Vec<(Self, Option<f64>)>> = arguments
            .map(|argument| {
                let is_share = |word: &&str| word.ends_with('%');
                let share = words(argument).find(is_share).map(|word| part(word, 1.0));
                let mut colors = words(argument).filter(|word| !is_share(word));
                let color = colors.next().and_then(Self::parse)?;
                let share = share.unwrap_or(Some(f64::NAN))?;
                let is_whole = colors.next().is_none();
                is_whole.then_some((color, Some(share).filter(|share| !share.is_nan())))
            })
            .collect();
        let colors = colors?;
        let [(one, first), (other, second)] = *colors.as_slice() else {
            return None;
        };
        let space = space.strip_prefix("in ")?;
        let (first, second) = match (first, second) {
            (Some(first), Some(second)) => (first, second),
            (Some(first), None) => (first, 1.0 - first),
            (None, Some(second)) => (1.0 - second, second),
            (None, None) => (0.5, 0.5),
        };
        let sum = first + second;
        if sum <= 0.0 || first < 0.0 || second < 0.0 {
            return None;
        }
        // Of less than a whole, the rest is nothing.
        let (first, second) = (first / sum * one.alpha, second / sum * other.alpha);
        let alpha = first + second;
        let rgb = one.rgb.zip(other.rgb).filter(|_| space.trim() == "srgb");
        let rgb = rgb.map(|(one, other)| mix(one, first, other, second));
        let same = one.rgb.filter(|_| one.is_like(other));
        let only = if first == 0.0 { other.rgb } else { one.rgb };
        let only = only.filter(|_| first == 0.0 || second == 0.0);
        Some(Self {
            rgb: rgb.or(same).or(only),
            alpha: alpha * sum.min(1.0),
        })
    }

    /// `from #fff r g b`.
    fn of_another(name: &str, origin: &str, rest: &[&str], alpha: f64) -> Option<Self> {
        let origin = Self::parse(origin)?;
        let is_known = matches!(
            name,
            "rgb" | "rgba" | "hsl" | "hsla" | "hwb" | "lab" | "lch" | "oklab" | "oklch"
        ) && rest.len() == 3
            || name == "color" && rest.len() == 4;
        is_known.then_some(Self {
            rgb: origin.rgb.filter(|_| rest == ["r", "g", "b"]),
            alpha,
        })
    }

    pub(super) fn is_transparent(self) -> bool {
        self.alpha <= FAINT
    }

    /// Whether little is seen of what is behind it.
    pub(super) fn covers(self) -> bool {
        self.alpha >= COVERING
    }

    /// What is seen of the two; nothing where that is not known.
    pub(super) fn above(self, below: Self) -> Option<Self> {
        let first = self.alpha.clamp(0.0, 1.0);
        let second = below.alpha.clamp(0.0, 1.0) * (1.0 - first);
        let rgb = match (self.rgb, below.rgb) {
            (Some(one), Some(other)) => Some(mix(one, first, other, second)),
            (one, None) if below.is_transparent() => one,
            _ => return None,
        };
        Some(Self {
            rgb,
            alpha: first + second,
        })
    }

    pub(super) fn is_like(self, other: Self) -> bool {
        let (Some(one), Some(other_one)) = (self.rgb, other.rgb) else {
            return false;
        };
        let is_near = |one: u8, other: u8| one.abs_diff(other) <= NEAR;
        is_near(one.0, other_one.0)
            && is_near(one.1, other_one.1)
            && is_near(one.2, other_one.2)
            && !other.is_transparent()
    }
}

/// So much of one color, and so much of another.
fn mix(one: (u8, u8, u8), first: f64, other: (u8, u8, u8), second: f64) -> (u8, u8, u8) {
    let mix = |one: u8, other: u8| {
        byte((f64::from(one) * first + f64::from(other) * second) / (first + second))
    };
    (
        mix(one.0, other.0),
        mix(one.1, other.1),
        mix(one.2, other.2),
    )
}

/// A number, or so much of the whole.
fn part(value: &str, whole: f64) -> Option<f64> {
    match number(value)? {
        (number, "") => Some(number),
        (number, "%") => Some(number / 100.0 * whole),
        _ => None,
    }
}

/// Red, green and blue, of 255 parts each; nothing where it is in another space.
fn channels_of(name: &str, written: [&str; 3]) -> Option<[f64; 3]> {
    let of = |whole| written.map(|channel| part(channel, whole).unwrap_or(0.0));
    let [_, second, third] = of(100.0).map(|percent| percent / 100.0);
    let hue = degrees(written[0]);
    match name {
        "rgb" | "rgba" => Some(of(255.0)),
        "srgb" => Some(of(1.0).map(|channel| 255.0 * channel)),
        "lab" | "lch" | "oklab" | "oklch" => {
            let is_ok = name.starts_with("ok");
            let scales = match name {
                "lab" => [100.0, 125.0, 125.0],
                "lch" => [100.0, 150.0, 1.0],
                _ => [1.0, 0.4, 0.4],
            };
            let [lightness, one, other] = written;
            let of = |channel, scale| part(channel, scale).unwrap_or(0.0);
            let lightness = of(lightness, scales[0]);
            let one = of(one, scales[1]);
            let (a, b) = if name.ends_with("ch") {
                let hue = degrees(other).to_radians();
                (one * hue.cos(), one * hue.sin())
            } else {
                (one, of(other, scales[2]))
            };
            Some(perceived::channels(is_ok, lightness, a, b))
        }
        "hsl" | "hsla" => Some(of_hue(hue, second, third)),
        "hwb" => {
            let (white, sum) = (second, second + third);
            Some(of_hue(hue, 1.0, 0.5).map(|channel| {
                if sum >= 1.0 {
                    255.0 * white / sum
                } else {
                    channel * (1.0 - sum) + 255.0 * white
                }
            }))
        }
        _ => None,
    }
}

/// Nothing of it is nought degrees.
fn degrees(hue: &str) -> f64 {
    let Some((number, unit)) = number(hue) else {
        return 0.0;
    };
    match unit {
        "turn" => number * 360.0,
        "rad" => number.to_degrees(),
        "grad" => number * 0.9,
        _ => number,
    }
}

/// As channels of 255 parts.
fn of_hue(hue: f64, saturation: f64, lightness: f64) -> [f64; 3] {
    let most = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|start| {
        let place = (start + hue / 30.0).rem_euclid(12.0);
        255.0 * (lightness - most * (place - 3.0).min(9.0 - place).clamp(-1.0, 1.0))
    })
}

fn is_space(name: &str) -> bool {
    SPACES.split_ascii_whitespace().any(|known| known == name)
}

/// A hue may be an angle.
fn is_channel(channel: &str, is_hue: bool) -> bool {
    channel == "none"
        || number(channel).is_some_and(|(_, unit)| {
            matches!(unit, "" | "%") || (is_hue && matches!(unit, "deg" | "grad" | "rad" | "turn"))
        })
}

fn byte(channel: f64) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is clamped to what a byte holds"
    )]
    let byte = channel.round().clamp(0.0, 255.0) as u8;
    byte
}
