//! Pseudo-classes and pseudo-elements.

use cssparser::{Delimiter, ParseError, Parser, Token};

use super::super::super::css_text::within;
use super::super::names::Names;
use super::{CLASS, Kind, MAX_LENGTH, Selector, read};

/// Pseudo-elements, which may be shown where that is hidden that they are parts of. Those of one
/// vendor begin with his name.
const PARTS: &str = "before after first-line first-letter marker placeholder selection backdrop cue \
    file-selector-button part slotted highlight target-text spelling-error grammar-error \
    details-content view-transition view-transition-group view-transition-image-pair \
    view-transition-new view-transition-old";
/// With one colon too.
const OLD_PARTS: &str = "before after first-line first-letter";
/// Pseudo-classes by the order of elements, and by what the page says of a link.
const BY_ORDER: &str = "first-child last-child only-child first-of-type last-of-type only-of-type \
    empty link any-link";
const BY_ORDER_CALLED: &str = "nth-child nth-last-child nth-of-type nth-last-of-type";
/// Of others it is not worked out here whether an element has them, or a person has to do something.
const AT_TIMES: &str = "checked enabled disabled hover focus focus-within focus-visible active target target-within visited \
    fullscreen -webkit-full-screen popover-open modal picture-in-picture open autofill \
    -webkit-autofill -webkit-any-link user-valid user-invalid valid invalid in-range out-of-range \
    required optional read-only read-write placeholder-shown default indeterminate blank defined \
    playing paused muted seeking buffering stalled volume-locked current past future scope host \
    local-link active-view-transition";
const AT_TIMES_CALLED: &str = "lang dir has host host-context state -webkit-any nth-col current \
    nth-last-col active-view-transition-type";

enum Pseudo {
    /// As it is written.
    Of(Kind),
    /// What of it browsers know.
    Listed(Kind, String),
}

impl Selector {
    /// After a colon. What is no pseudo-class and no pseudo-element makes the selector void.
    pub(super) fn pseudo(
        &mut self,
        input: &mut Parser<'_>,
        names: &mut Names,
        depth: usize,
    ) -> Option<(Kind, String)> {
        let start = input.position();
        let kind = self.pseudo_at(input, names, depth)?;
        Some(match kind {
            Pseudo::Of(kind) => (kind, format!(":{}", input.slice_from(start))),
            Pseudo::Listed(kind, text) => (kind, text),
        })
    }

    fn pseudo_at(
        &mut self,
        input: &mut Parser<'_>,
        names: &mut Names,
        depth: usize,
    ) -> Option<Pseudo> {
        let is_one_of =
            |known: &str, name: &str| known.split_ascii_whitespace().any(|known| known == name);
        let token = input.next_including_whitespace().ok()?.clone();
        let (is_part, token) = match token {
            Token::Colon => (true, input.next_including_whitespace().ok()?.clone()),
            token => (false, token),
        };
        let (is_called, name) = match token {
            Token::Ident(name) => (false, name.to_ascii_lowercase()),
            Token::Function(name) => (true, name.to_ascii_lowercase()),
            _ => return None,
        };
        let is_old_part = !is_called && is_one_of(OLD_PARTS, &name);
        if is_part || is_old_part {
            let is_known = name.starts_with("-webkit-") || is_one_of(PARTS, &name);
            return is_known.then_some(Pseudo::Of(Kind::OfPart));
        }
        if !is_called && matches!(name.as_str(), "root" | "scope") {
            self.add_name("html".to_owned(), CLASS, names);
            return Some(Pseudo::Listed(Kind::Certain, String::new()));
        }
        if is_called && matches!(name.as_str(), "is" | "where" | "not") {
            return self.listed(&name, input, names, depth);
        }
        self.add_weight(CLASS);
        let (by_order, at_times) = if is_called {
            (BY_ORDER_CALLED, AT_TIMES_CALLED)
        } else {
            (BY_ORDER, AT_TIMES)
        };
        if is_one_of(by_order, &name) {
            if is_called {
                within(input, depth, |_| ());
            }
            return Some(Pseudo::Of(Kind::MayShow));
        }
        is_one_of(at_times, &name).then_some(Pseudo::Of(Kind::AtTimes))
    }

    /// Within `:is()`, `:where()` or `:not()`, which weigh what the heaviest in them weighs. Of the
    /// first two, browsers pass over what they do not know.
    fn listed(
        &mut self,
        name: &str,
        input: &mut Parser<'_>,
        names: &mut Names,
        depth: usize,
    ) -> Option<Pseudo> {
        let forgives = name != "not";
        let read = within(input, depth, |input| {
            let (mut known, mut length) = (Vec::new(), 0);
            loop {
                let start = input.position();
                let list = input.parse_until_before(Delimiter::Comma, |input| {
                    let list = read(input, names, depth + 1);
                    while input.next().is_ok() {}
                    Ok::<_, ParseError<()>>(list)
                });
                match list.ok().flatten() {
                    // More is read for its faults alone: a longer text is not compared.
                    Some(list) if length <= MAX_LENGTH => {
                        let text = input.slice_from(start).trim();
                        length += text.len() + 1;
                        known.push((list, text.to_owned()));
                    }
                    Some(_) => {}
                    None if forgives => {}
                    None => return None,
                }
                if input.next().is_err() {
                    return Some((known, length > MAX_LENGTH));
                }
            }
        });
        // What lies too deep is not known.
        let Some(read) = read else {
            return Some(Pseudo::Of(Kind::AtTimes));
        };
        let (known, is_too_long) = read?;
        if is_too_long {
            return Some(Pseudo::Of(Kind::AtTimes));
        }
        let inner = || known.iter().flat_map(|(list, _)| list);
        let weighs = inner().map(|inner| inner.weight).max();
        let weighs = weighs.filter(|_| name != "where").unwrap_or_default();
        for (weight, more) in self.weight.iter_mut().zip(weighs) {
            *weight = weight.saturating_add(more);
        }
        // Each step of one within another would be a walk.
        if inner().any(Selector::has_joint_and_list) {
            return Some(Pseudo::Of(Kind::AtTimes));
        }
        let Some(kind) = inner().map(|inner| inner.kind).max() else {
            self.is_for_nothing = true;
            return Some(Pseudo::Listed(Kind::Certain, String::new()));
        };
        self.is_by_cloak |= forgives && inner().any(|inner| inner.is_by_cloak);
        self.is_by_data |= forgives && inner().any(|inner| inner.is_by_data);
        let texts: Vec<&str> = known.iter().map(|(_, text)| text.as_str()).collect();
        let text = format!(":{name}({})", texts.join(","));
        Some(Pseudo::Listed(kind, text))
    }
}
