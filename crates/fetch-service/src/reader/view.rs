//! How a page is to be shown: the part of a call's arguments that the reading depends on, and so
//! what a cache of readings is keyed by.

use std::fmt;

use cssparser::{ParseError, Parser, Token};
use dom_query::Matcher;
use serde::Deserialize;

/// What the page is turned into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The main content as Markdown.
    #[default]
    Markdown,
    /// The main content without markup.
    Text,
    /// As it is served, decoded.
    Raw,
    /// The links, one a line.
    Links,
    /// Title, author, dates, canonical URL, language, description.
    Metadata,
}

/// A CSS selector that can be parsed. It is compared by its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector(String);

/// A selector that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Empty, or too long.
    #[error("selector must have 1 to {} characters", Selector::MAX_LENGTH)]
    Length,
    /// No CSS.
    #[error(
        "selector `{0}` is not a CSS selector; give one such as `main`, `#content` or `table.data`"
    )]
    Syntax(String),
    /// A part of CSS that is not supported.
    #[error("selector: `:has()` is not supported; select the element itself")]
    Has,
}

impl Selector {
    /// In bytes. Each part of a selector costs time at each element of a page.
    const MAX_LENGTH: usize = 200;

    /// Parses a selector as CSS has it.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(SelectorError::Length);
        }
        // It looks at all descendants of each element: quadratic in a page that somebody else made.
        if calls_has(&mut Parser::new(text)) {
            return Err(SelectorError::Has);
        }
        Matcher::new(text).map_err(|_| SelectorError::Syntax(text.to_owned()))?;
        Ok(Self(text.to_owned()))
    }

    /// Nothing only where the selector could not be parsed, and then there is no `Selector`.
    pub(super) fn matcher(&self) -> Option<Matcher> {
        Matcher::new(&self.0).ok()
    }
}

/// Whether `:has()` is in it, at any depth, however it is written: with escapes, or with a comment
/// behind its colon.
fn calls_has(input: &mut Parser<'_>) -> bool {
    let mut found = false;
    while let Ok(token) = input.next().cloned() {
        found |= match token {
            Token::Function(name) if name.eq_ignore_ascii_case("has") => true,
            Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock => input
                .parse_nested_block(|input| Ok::<_, ParseError<()>>(calls_has(input)))
                .unwrap_or(true),
            _ => false,
        };
    }
    found
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is shown of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// What it is turned into.
    pub format: Format,
    /// Only these elements.
    pub selector: Option<Selector>,
}

#[cfg(test)]
mod tests {
    use super::{Selector, SelectorError};

    #[test]
    fn selectors_are_css() {
        for good in [
            "main",
            "#content > p",
            "table.data, ul li:nth-child(2)",
            "[data-x='1']",
            "[data-x=':has(p)']",
        ] {
            assert_eq!(Selector::parse(good).unwrap().to_string(), good);
        }
        for bad in ["<p>", "p >", "[", "p..q", "::", "1p"] {
            let error = Selector::parse(bad).unwrap_err();
            assert_eq!(error, SelectorError::Syntax(bad.to_owned()));
        }
        assert_eq!(Selector::parse(" "), Err(SelectorError::Length));
        assert_eq!(
            Selector::parse(&"p".repeat(201)),
            Err(SelectorError::Length)
        );
        for has in [
            "div:HAS(p)",
            "div:h\\61s(p)",
            "div:\\68 as(p)",
            "div:/**/has(p)",
            "div:not(:is(a:h\\000061 s(p)))",
        ] {
            assert_eq!(Selector::parse(has), Err(SelectorError::Has), "{has}");
        }
    }
}
