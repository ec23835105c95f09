//! What is in the blocks of a sheet's rules, and at-rules among them (CSS Nesting Level 1).

use cssparser::{Delimiter, ParseError, Parser, Token};

use super::super::css_text::{within, written};
use super::super::declarations::Declarations;
use super::conditions::{has_window, is_supported};
use super::selectors::Kind;
use super::{Place, kind_under};

/// What a rule declares in one place: in no condition of its own, in a layer, or under a condition
/// of which nothing is known.
pub(super) struct Block {
    pub(super) place: Place,
    pub(super) declared: Declarations,
}

/// What a rule's block declares. However many conditions are in it, their declarations are together,
/// since each costs as much as the rule has selectors.
pub(super) fn read(input: &mut Parser<'_>, place: Place) -> Vec<Block> {
    let mut blocks = Vec::new();
    within(input, place.depth, |input| add(input, place, &mut blocks));
    blocks.retain(|block| !block.declared.is_empty());
    blocks
}

fn add(input: &mut Parser<'_>, place: Place, blocks: &mut Vec<Block>) {
    while !input.is_exhausted() {
        let declared = Declarations::read(input, is_at_rule);
        let is_same = |block: &&mut Block| {
            block.place.kind == place.kind && block.place.is_in_layer == place.is_in_layer
        };
        match blocks.iter_mut().find(is_same) {
            Some(block) => block.declared.join(&declared),
            None => blocks.push(Block { place, declared }),
        }
        if let Some(place) = at_rule(input, place) {
            within(input, place.depth, |input| add(input, place, blocks));
        }
    }
}

pub(super) fn is_at_rule(input: &mut Parser<'_>) -> bool {
    let start = input.state();
    let is_at_rule = matches!(input.next(), Ok(Token::AtKeyword(_)));
    input.reset(&start);
    is_at_rule
}

/// Reads an at-rule up to where its block begins. In which place its rules are, if they are such.
pub(super) fn at_rule(input: &mut Parser<'_>, mut place: Place) -> Option<Place> {
    let Ok(Token::AtKeyword(name)) = input.next().cloned() else {
        return None;
    };
    let end = Delimiter::CurlyBracketBlock | Delimiter::Semicolon;
    let rule = input.parse_until_before(end, |input| Ok::<_, ParseError<()>>(written(input)));
    let condition = &rule.unwrap_or_default();
    // Else it is `@import …;`.
    if !matches!(input.next(), Ok(Token::CurlyBracketBlock)) {
        return None;
    }
    let kind = match name.to_ascii_lowercase().as_str() {
        "media" => kind_under(has_window(condition)),
        "supports" => kind_under(is_supported(condition)),
        "layer" => Some(Kind::Certain),
        "container" | "scope" => Some(Kind::AtTimes),
        // Its rules are no rules for elements, or not for them as they are.
        _ => None,
    };
    place.kind = place.kind.max(kind?);
    place.is_in_layer |= name.eq_ignore_ascii_case("layer");
    place.depth += 1;
    Some(place)
}
