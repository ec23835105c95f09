//! The name that a client gives itself (RFC 7591 section 2, `client_name`), made fit to show.

use std::fmt;

/// Longer names are cut, so that nobody can push the facts off the screen.
const MAX_CHARS: usize = 100;
/// Longer ones are set smaller.
const LONG_CHARS: usize = 40;

/// A client's own name on one line: no control characters, nothing invisible, nothing that turns
/// the direction of the text, at most 100 characters and never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimedName(String);

impl ClaimedName {
    /// Cleans what the client registered; a client without a name is "An app without a name".
    pub fn new(registered: Option<&str>) -> Self {
        let visible: String = registered
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .filter(|c| !is_invisible(*c))
            .collect();
        let one_line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        if one_line.is_empty() {
            return Self("An app without a name".to_owned());
        }
        if one_line.chars().count() <= MAX_CHARS {
            return Self(one_line);
        }
        let kept: String = one_line.chars().take(MAX_CHARS - 1).collect();
        Self(format!("{}…", kept.trim_end()))
    }

    /// Whether a character cannot be shown as it is: a control character, one that nobody sees,
    /// one that turns the direction of the text.
    pub fn hides(c: char) -> bool {
        c.is_control() || is_invisible(c)
    }

    /// Whether it takes more than a line.
    pub fn is_long(&self) -> bool {
        self.0.chars().count() > LONG_CHARS
    }
}

impl fmt::Display for ClaimedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Unicode's default ignorable code points, which hide or reorder what follows them
/// (`DerivedCoreProperties.txt`), the interlinear anchors, and the braille blank.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::ClaimedName;

    fn shown(registered: &str) -> String {
        ClaimedName::new(Some(registered)).to_string()
    }

    #[test]
    fn an_ordinary_name_stays_as_it_is() {
        assert_eq!(shown("Claude Code (fetch)"), "Claude Code (fetch)");
        assert_eq!(shown("Café Übersetzer 翻訳"), "Café Übersetzer 翻訳");
    }

    #[test]
    fn what_hides_or_reorders_text_is_dropped() {
        assert_eq!(shown("evil\u{202e}moc.elgoog"), "evilmoc.elgoog");
        assert_eq!(shown("Git\u{200b}Hub\u{feff}"), "GitHub");
        assert_eq!(
            shown(" two\nlines\t\u{0}here\u{2028}and on "),
            "two lines here and on"
        );
    }

    #[test]
    fn no_name_is_said_to_be_none() {
        for empty in [None, Some(""), Some("  \n"), Some("\u{200b}\u{3164}")] {
            assert_eq!(ClaimedName::new(empty).to_string(), "An app without a name");
        }
    }

    #[test]
    fn a_long_name_is_cut_to_a_hundred_characters() {
        assert_eq!(shown(&"ä".repeat(100)), "ä".repeat(100));
        assert_eq!(shown(&"ä".repeat(101)), format!("{}…", "ä".repeat(99)));
    }
}
