//! Characters that nobody sees: a page can spell whole sentences with them, for the model alone.

/// The text without them. Joiners stay, since scripts and emoji need them, and so does a single
/// variation selector.
pub(super) fn without(text: String) -> String {
    if !text
        .chars()
        .any(|char| is_invisible(char) || is_selector(char))
    {
        return text;
    }
    let mut before = None;
    text.chars()
        .filter(|char| {
            let is_repeated = is_selector(*char) && before.is_some_and(is_selector);
            before = Some(*char);
            !is_repeated && !is_invisible(*char)
        })
        .collect()
}

fn is_invisible(char: char) -> bool {
    matches!(char,
        // Zero width: space, word joiner, invisible operators, byte order mark, soft hyphen.
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}'
        | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}'
        // Directional overrides and isolates: they reorder what is seen, not what is read.
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Tags, and variation selectors that no font of the web has.
        | '\u{e0000}'..='\u{e0fff}'
        // Controls, but for tab, line feed and carriage return.
        | '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
    )
}

fn is_selector(char: char) -> bool {
    matches!(char, '\u{fe00}'..='\u{fe0f}')
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
            // What writing needs stays.
            (
                "👩\u{200d}🚀 می\u{200c}خواهم",
                "👩\u{200d}🚀 می\u{200c}خواهم",
            ),
        ] {
            assert_eq!(without(text.to_owned()), expected);
        }
    }
}
