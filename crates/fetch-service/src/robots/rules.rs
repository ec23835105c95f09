//! What a `robots.txt` says to one crawler (RFC 9309 section 2). Pure: bytes in, rules out.

use super::pattern::Pattern;

/// Bytes that are looked at (RFC 9309 section 2.5); what comes after is as if it were not there.
pub const PARSE_LIMIT: usize = 500 * 1024;

/// Bytes of a pattern that are told: a hostile one could have the rest of the file.
const SHOWN: usize = 100;

/// The rules of one file for one crawler. Groups of other crawlers are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// One line that allows or disallows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    allows: bool,
    pattern: Pattern,
}

/// Whose groups have been met, and what they say.
struct Groups<'a> {
    /// The product token, in lower case.
    product: &'a str,
    own: Option<Vec<Rule>>,
    everybody: Vec<Rule>,
    /// Whom the group in which the reader stands is for.
    open: Addressees,
    /// The lines before were `User-agent`: the next one adds to them.
    heading: bool,
}

#[derive(Clone, Copy, Default)]
struct Addressees {
    own: bool,
    everybody: bool,
}

impl Rules {
    /// Those for the crawler with this product token (letters, `-` and `_`), or for all crawlers
    /// where none is for it alone. What cannot be read is passed over.
    pub fn parse(robots_txt: &[u8], product: &str) -> Self {
        let product = product.to_ascii_lowercase();
        let mut groups = Groups {
            product: &product,
            own: None,
            everybody: Vec::new(),
            open: Addressees::default(),
            heading: false,
        };
        let text = robots_txt.get(..PARSE_LIMIT).unwrap_or(robots_txt);
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if let Some((name, value)) = name_and_value(line) {
                groups.take(&name, value);
            }
        }
        Self(groups.own.unwrap_or(groups.everybody))
    }

    /// The rule that forbids this path with its query, if one does: the most specific match
    /// decides, and of two alike the one that allows (section 2.2.2). `/robots.txt` itself is always
    /// allowed.
    pub fn forbidding(&self, path_and_query: &str) -> Option<&Rule> {
        if path_and_query == "/robots.txt" {
            return None;
        }
        let path = super::pattern::normalised(path_and_query.as_bytes());
        let matching = self.0.iter().filter(|rule| rule.pattern.matches(&path));
        let decisive = matching.max_by_key(|rule| (rule.pattern.len(), rule.allows));
        decisive.filter(|rule| !rule.allows)
    }

    /// Roughly what they take in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        // The allocator has its share of each pattern.
        let each = |rule: &Rule| size_of::<Rule>() + rule.pattern.len() + 16;
        self.0.iter().map(each).sum()
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = if self.allows { "Allow" } else { "Disallow" };
        let pattern = self.pattern.to_string();
        let shown = pattern
            .get(..pattern.floor_char_boundary(SHOWN))
            .unwrap_or_default();
        let more = if shown.len() < pattern.len() {
            "…"
        } else {
            ""
        };
        write!(formatter, "{name}: {shown}{more}")
    }
}

impl Groups<'_> {
    fn take(&mut self, name: &str, value: &[u8]) {
        match name {
            "user-agent" => self.user_agent(value),
            "allow" => self.rule(true, value),
            "disallow" => self.rule(false, value),
            // Other records stand outside of the groups (section 2.2.4).
            _ => {}
        }
    }

    fn user_agent(&mut self, value: &[u8]) {
        if !self.heading {
            self.open = Addressees::default();
        }
        self.heading = true;
        if value == b"*" {
            self.open.everybody = true;
        } else if product_token(value).eq_ignore_ascii_case(self.product.as_bytes()) {
            self.open.own = true;
            // A group without rules is one, too: it allows everything.
            self.own.get_or_insert_default();
        }
    }

    fn rule(&mut self, allows: bool, value: &[u8]) {
        self.heading = false;
        // An empty pattern matches nothing (section 2.2.2 takes rules that begin with a slash or
        // a star).
        let Some(pattern) = Pattern::parse(value) else {
            return;
        };
        let rule = Rule { allows, pattern };
        if self.open.own {
            self.own.get_or_insert_default().push(rule.clone());
        }
        if self.open.everybody {
            self.everybody.push(rule);
        }
    }
}

/// `name: value # comment`, trimmed, the name in lower case.
fn name_and_value(line: &[u8]) -> Option<(String, &[u8])> {
    let line = line.split(|byte| *byte == b'#').next()?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = std::str::from_utf8(name.trim_ascii()).ok()?;
    Some((name.to_ascii_lowercase(), value.get(1..)?.trim_ascii()))
}

/// The beginning of the value that can be a product token: `Bot/1.2 (x)` is `Bot`.
fn product_token(value: &[u8]) -> &[u8] {
    let belongs = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let end = value.iter().position(|byte| !belongs(byte));
    value.get(..end.unwrap_or(value.len())).unwrap_or_default()
}
