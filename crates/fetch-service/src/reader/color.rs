//! Colors (CSS Color Level 4), as far as it takes to see that one is none, or the same as another.

use cssparser::color::{parse_hash_color, parse_named_color};

use super::declarations::number;

/// Colors that the reader's system has, or what is around.
const WITHOUT_VALUE: [&str; 8] = [
    "currentcolor",
    "canvas",
    "canvastext",
    "linktext",
    "visitedtext",
    "buttontext",
    "graytext",
    "fieldtext",
];
const WITHOUT_RGB: [&str; 9] = [
    "hsl",
    "hsla",
    "hwb",
    "lab",
    "lch",
    "oklab",
    "oklch",
    "color",
    "color-mix",
];
/// As good as transparent.
const FAINT: f64 = 0.05;
/// No eye tells channels of colors apart that differ by so little, in 255 parts.
const NEAR: u8 = 8;

#[derive(Debug, Clone, Copy)]
pub(super) struct Color {
    /// Nothing where it is in another space.
    rgb: Option<(u8, u8, u8)>,
    alpha: f64,
}

impl Color {
    /// Nothing where it is no color.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let opaque = |rgb| Self { rgb, alpha: 1.0 };
        if value == "transparent" {
            return Some(Self {
                rgb: None,
                alpha: 0.0,
            });
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
        let inside = inside.strip_suffix(')')?;
        let parts = || {
            inside
                .split([',', ' ', '/'])
                .filter(|part| !part.is_empty())
        };
        let is_rgb = matches!(name, "rgb" | "rgba");
        let alpha = match inside.split_once('/') {
            Some((_, alpha)) => Some(alpha.trim()),
            None if inside.contains(',') && name != "color-mix" => parts().nth(3),
            None => None,
        };
        let alpha = match alpha {
            Some(alpha) => part(alpha, 1.0)?,
            None => 1.0,
        };
        let mut channels = parts().map_while(|channel| part(channel, 255.0).map(byte));
        let rgb = match (channels.next(), channels.next(), channels.next()) {
            (Some(red), Some(green), Some(blue)) if is_rgb => Some((red, green, blue)),
            _ => None,
        };
        // One space more names itself first; what is mixed of others has no numbers.
        let numbers = parts().filter(|part| *part == "none" || number(part).is_some());
        let is_other = name == "color-mix" || numbers.count() >= 3;
        let is_known = WITHOUT_RGB.contains(&name) && is_other;
        (rgb.is_some() || is_known).then_some(Self { rgb, alpha })
    }

    pub(super) fn is_transparent(self) -> bool {
        self.alpha <= FAINT
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

/// A number, or so much of the whole.
fn part(value: &str, whole: f64) -> Option<f64> {
    match number(value)? {
        (number, "") => Some(number),
        (number, "%") => Some(number / 100.0 * whole),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::Color;

    #[test]
    fn colors_are_none_or_the_same() {
        for none in [
            "transparent",
            "#0000",
            "#12345600",
            "rgba(0,0,0,0)",
            "rgb(0 0 0 / 0%)",
            "hsla(0,0%,0%,0)",
            "oklch(0 0 0 / 0)",
        ] {
            assert!(Color::parse(none).unwrap().is_transparent(), "{none}");
        }
        let white = Color::parse("white").unwrap();
        for same in [
            "#fff",
            "#FFFFFF",
            "#fefdfc",
            "rgb(255,255,255)",
            "rgb(100% 100% 100%)",
        ] {
            let same = Color::parse(&same.to_ascii_lowercase()).unwrap();
            assert!(same.is_like(white) && !same.is_transparent(), "{same:?}");
        }
        for no_color in [
            "whitish",
            "#12",
            "rgb(1,2)",
            "rgb(1,2,3",
            "paint(1,2,3)",
            "hsl(x)",
        ] {
            assert!(Color::parse(no_color).is_none(), "{no_color}");
        }
    }
}
