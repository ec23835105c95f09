//! Where text ends in which `<` begins no tag.

/// What follows the end tag of a raw element; nothing where it has none.
pub(super) fn after<'a>(text: &'a str, name: &str) -> &'a str {
    if name == "script" {
        return after_script(text);
    }
    let mut ends = text.match_indices("</");
    let rest = ends.find_map(|(at, _)| named(text.get(at + 2..)?, name));
    after_tag(rest)
}

/// What follows a comment that has just begun.
pub(super) fn after_comment(text: &str) -> &str {
    // It may end with the signs that it begins with.
    if let Some(rest) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return rest;
    }
    let mut ends = text.match_indices('>').filter_map(|(at, _)| {
        let comment = text.get(..at)?;
        let is_end = comment.ends_with("--") || comment.ends_with("--!");
        is_end.then(|| text.get(at + 1..))?
    });
    ends.next().unwrap_or_default()
}

/// In a comment within a script another one may begin and end (HTML, section 13.2.5.24).
fn after_script(text: &str) -> &str {
    let (mut is_comment, mut is_within) = (false, false);
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(next) = rest.find(['<', '-']) else {
            break;
        };
        at += next;
        let rest = rest.get(next..).unwrap_or_default();
        if is_comment && rest.starts_with("-->") {
            (is_comment, is_within) = (false, false);
        } else if !is_comment && rest.starts_with("<!--") {
            is_comment = true;
            // Its dashes may be those of its end.
            at += 1;
        } else if let Some(end) = rest.strip_prefix("</") {
            let end = named(end, "script");
            if end.is_some() && !is_within {
                return after_tag(end);
            }
            is_within &= end.is_none();
        } else if is_comment && !is_within {
            let start = rest.strip_prefix('<');
            is_within = start.is_some_and(|start| named(start, "script").is_some());
        }
        at += 1;
    }
    ""
}

/// The text, if it begins with the whole name of an element.
fn named<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (found, after) = text.split_at_checked(name.len())?;
    // Else it is of another one.
    let is_whole =
        after.starts_with(|char: char| char.is_ascii_whitespace() || "/>".contains(char));
    (is_whole && found.eq_ignore_ascii_case(name)).then_some(text)
}

fn after_tag(tag: Option<&str>) -> &str {
    tag.and_then(|tag| tag.split_once('>'))
        .map_or("", |(_, rest)| rest)
}
