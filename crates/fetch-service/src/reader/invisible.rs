//! Characters that nobody sees: a page can spell whole sentences with them, for the model alone.

/// The text without them. A joiner stays, since scripts and emoji need it, and so does a variation
/// selector: one of each behind what is seen, since more of them would be letters of their own.
pub(super) fn without(text: String) -> String {
    if !text
        .chars()
        .any(|char| is_invisible(char) || is_selector(char) || is_joiner(char))
    {
        return text;
    }
    // As if a space were before it: there is nothing to join or to vary.
    let mut before = ' ';
    text.chars()
        .filter(|char| {
            let is_free = before.is_whitespace() || is_joiner(before);
            let is_kept = match *char {
                char if is_joiner(char) => !is_free,
                char if is_selector(char) => !is_free && !is_selector(before),
                char => !is_invisible(char),
            };
            if is_kept {
                before = *char;
            }
            is_kept
        })
        .collect()
}

pub(crate) fn is_invisible(char: char) -> bool {
    matches!(char,
        // Zero width: space, word joiner, invisible operators, byte order mark, soft hyphen.
        '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{ad}'
        | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}'
        // Directional marks, overrides and isolates: they order what is seen, not what is read.
        | '\u{200e}' | '\u{200f}' | '\u{61c}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Around annotations, and of the notations of shorthand and of music.
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags, and variation selectors that no font of the web has.
        | '\u{e0000}'..='\u{e0fff}'
        // Controls, but for tab, line feed and carriage return.
        | '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
    )
}

fn is_selector(char: char) -> bool {
    matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{180b}'..='\u{180d}' | '\u{180f}')
}

fn is_joiner(char: char) -> bool {
    matches!(char, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn nothing_is_said_unseen() {
        for (text, expected) in [
            ("a\u{200b}b\u{feff}c\u{ad}d", "abcd"),
            ("x\u{e0049}\u{e0067}\u{e006e}y", "xy"),
            ("❤\u{fe0f}\u{fe01}\u{fe02}!", "❤\u{fe0f}!"),
            ("\u{202e}evil\u{202c}", "evil"),
            ("a\tb\nc\u{1b}[0m", "a\tb\nc[0m"),
            // However they alternate, there is no run of them.
            ("x\u{fe00}\u{200b}\u{fe01}\u{200b}\u{fe02}y", "x\u{fe00}y"),
            ("x\u{200c}\u{200d}\u{200c}y", "x\u{200c}y"),
            ("x\u{200d}\u{fe00}\u{200d}\u{fe01}y", "x\u{200d}y"),
            ("x\u{180b}\u{180c}\u{180d}\u{180f}y", "x\u{180b}y"),
            ("\u{200d}x \u{200d} \u{fe0f}\n\u{200c}y", "x  \ny"),
            (
                "x\u{200e}\u{200f}\u{61c}y\u{fff9}\u{fffb}z\u{1d173}\u{1d17a}",
                "xyz",
            ),
            // Of no use yet, and ignored by browsers.
            ("a\u{2065}b\u{fff0}\u{fff8}c\u{1bca0}\u{1bca3}d", "abcd"),
            // What writing needs stays.
            (
                "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
                "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
            ),
            (
                "👩\u{200d}🚀 می\u{200c}خواهم",
                "👩\u{200d}🚀 می\u{200c}خواهم",
            ),
        ] {
            assert_eq!(without(text.to_owned()), expected);
        }
    }
}
