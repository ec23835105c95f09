//! CSS as text, of which [`written`] leaves no comments: parted where no parentheses are open.

use std::fmt::Write as _;

use cssparser::{ParseError, Parser, Token, serialize_identifier, serialize_name};

/// Blocks and calls within others that are looked into. Browsers have more room than a parser that
/// recurses; `cssparser` gives up at 75, of which a sheet and what is in it have half each.
const MAX_DEPTH: usize = 35;
/// Bytes of a value that are looked at.
const MAX_LENGTH: usize = 10_000;

/// Reads what is in the block or call that has just begun, unless it lies too deep. The parser is
/// behind it in any case.
pub(super) fn within<'i, T>(
    input: &mut Parser<'i>,
    depth: usize,
    read: impl FnOnce(&mut Parser<'i>) -> T,
) -> Option<T> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let inside = input.parse_nested_block(|input| {
        let inside = read(input);
        while input.next().is_ok() {}
        Ok::<_, ParseError<()>>(inside)
    });
    inside.ok()
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

/// The tokens as text: without comments, white space as one space, strings emptied, and names with
/// escapes where they have signs that are syntax elsewhere.
pub(super) fn written(input: &mut Parser<'_>) -> String {
    let mut text = String::new();
    write(input, &mut text, 0);
    text
}

fn write(input: &mut Parser<'_>, text: &mut String, depth: usize) {
    while let Ok(token) = input.next_including_whitespace().cloned() {
        if text.len() > MAX_LENGTH {
            if !text.ends_with('?') {
                text.push('?');
            }
            continue;
        }
        if begins_word(&token) && text.ends_with(is_in_word) {
            // Two tokens that nothing but a comment is between, if anything, are two.
            text.push(' ');
        }
        // Writing to a String does not fail.
        let _ = match &token {
            Token::WhiteSpace(_) if text.ends_with(' ') => Ok(()),
            Token::WhiteSpace(_) => text.write_char(' '),
            Token::Ident(name) => serialize_identifier(name, text),
            Token::AtKeyword(name) => {
                text.push('@');
                serialize_identifier(name, text)
            }
            Token::Hash(name) | Token::IDHash(name) => {
                text.push('#');
                serialize_name(name, text)
            }
            Token::QuotedString(_) | Token::UnquotedUrl(_) => text.write_str("\"\""),
            Token::Number { value, .. } => write!(text, "{}", finite(*value)),
            Token::Percentage { unit_value, .. } => write!(text, "{}%", finite(unit_value * 100.0)),
            Token::Dimension { value, unit, .. } => {
                let _ = write!(text, "{}", finite(*value));
                serialize_identifier(unit, text)
            }
            Token::Delim(char) => text.write_char(*char),
            Token::Comma => text.write_char(','),
            Token::Colon => text.write_char(':'),
            Token::CDO | Token::CDC => Ok(()),
            Token::Function(name) => {
                let _ = serialize_identifier(name, text);
                write_inside(input, text, depth)
            }
            Token::ParenthesisBlock => write_inside(input, text, depth),
            // No value that is looked at has one.
            _ => text.write_char('?'),
        };
    }
}

fn write_inside(input: &mut Parser<'_>, text: &mut String, depth: usize) -> std::fmt::Result {
    text.push('(');
    let inside = within(input, depth, |input| write(input, text, depth + 1));
    text.write_char(if inside.is_some() { ')' } else { '?' })
}

fn begins_word(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Ident(_)
            | Token::Function(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. }
            | Token::Hash(_)
            | Token::IDHash(_)
    )
}

fn is_in_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '-' | '_' | '%' | ')' | '"') || !char.is_ascii()
}

/// Browsers take what is too large for the largest that there is.
fn finite(number: f32) -> f32 {
    number.clamp(f32::MIN, f32::MAX)
}
