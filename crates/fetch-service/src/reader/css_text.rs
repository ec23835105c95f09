//! CSS as text, of which [`written`] leaves no comments: parted where no parentheses are open.

use std::borrow::Cow;
use std::fmt::Write as _;

use cssparser::{ParseError, Parser, Token};

/// Where a name has signs that are syntax elsewhere, as `md\:block` has, they are moved to: a plane
/// of Unicode that nobody uses.
const PRIVATE: u32 = 0xF_0000;

/// A name without signs that are syntax.
pub(super) fn plain(name: &str) -> Cow<'_, str> {
    let is_syntax =
        |char: char| char.is_ascii() && !char.is_ascii_alphanumeric() && !matches!(char, '-' | '_');
    if !name.contains(is_syntax) {
        return name.into();
    }
    let moved = |char: char| match char::from_u32(PRIVATE + u32::from(char)) {
        Some(moved) if is_syntax(char) => moved,
        _ => char,
    };
    name.chars().map(moved).collect::<String>().into()
}

/// What is between separators, outside parentheses.
pub(super) fn parts<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = &'a str> {
    let mut depth = 0_usize;
    let parts = text.split(move |char: char| {
        match char {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && separators.contains(&char)
    });
    parts.map(str::trim)
}

/// Parts between spaces, a call of a function being one.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    parts(text, &[' ']).filter(|word| !word.is_empty())
}

/// The name and the arguments of a call.
pub(super) fn call(word: &str) -> Option<(&str, Vec<&str>)> {
    let (name, inside) = word.split_once('(')?;
    let inside = inside.strip_suffix(')')?;
    if inside.trim().is_empty() {
        return Some((name, Vec::new()));
    }
    Some((name, parts(inside, &[',']).collect()))
}

/// The tokens as text: without comments, white space as one space, strings emptied, names as
/// [`plain`] has them.
pub(super) fn written(input: &mut Parser<'_>) -> String {
    let mut text = String::new();
    write(input, &mut text);
    text
}

fn write(input: &mut Parser<'_>, text: &mut String) {
    while let Ok(token) = input.next_including_whitespace().cloned() {
        if begins_word(&token) && text.ends_with(is_in_word) {
            // Two tokens that nothing but a comment is between, if anything, are two.
            text.push(' ');
        }
        // Writing to a String does not fail.
        let _ = match &token {
            Token::WhiteSpace(_) if text.ends_with(' ') => Ok(()),
            Token::WhiteSpace(_) => text.write_char(' '),
            Token::Ident(name) => text.write_str(&plain(name)),
            Token::AtKeyword(name) => write!(text, "@{}", plain(name)),
            Token::Hash(name) | Token::IDHash(name) => write!(text, "#{}", plain(name)),
            Token::QuotedString(_) | Token::UnquotedUrl(_) => text.write_str("\"\""),
            Token::Number { value, .. } => write!(text, "{}", finite(*value)),
            Token::Percentage { unit_value, .. } => write!(text, "{}%", finite(unit_value * 100.0)),
            Token::Dimension { value, unit, .. } => {
                write!(text, "{}{}", finite(*value), plain(unit))
            }
            Token::Delim(char) => text.write_char(*char),
            Token::Comma => text.write_char(','),
            Token::Colon => text.write_char(':'),
            Token::CDO | Token::CDC => Ok(()),
            Token::Function(name) => {
                let _ = write!(text, "{}(", plain(name));
                write_inside(input, text)
            }
            Token::ParenthesisBlock => {
                text.push('(');
                write_inside(input, text)
            }
            // No value that is looked at has one.
            _ => text.write_char('?'),
        };
    }
}

/// Up to the depth that the parser allows.
fn write_inside(input: &mut Parser<'_>, text: &mut String) -> std::fmt::Result {
    let inside = input.parse_nested_block(|input| {
        write(input, text);
        Ok::<_, ParseError<()>>(())
    });
    text.write_char(if inside.is_ok() { ')' } else { '?' })
}

fn begins_word(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Ident(_)
            | Token::Function(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. }
    )
}

fn is_in_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '-' | '_' | '%' | ')' | '"') || !char.is_ascii()
}

/// Browsers take what is too large for the largest that there is.
fn finite(number: f32) -> f32 {
    number.clamp(f32::MIN, f32::MAX)
}
