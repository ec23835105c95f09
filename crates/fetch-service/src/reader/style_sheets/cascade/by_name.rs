//! What hides where there is no time to compare all selectors with an element: who writes that many
//! hides something.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dom_query::NodeRef;

use super::super::names::Name;
use super::super::selectors::Selector;
use super::super::walk::MAX_OF_A_WAY;
use super::{Cascade, Scope};

/// Of the selectors that begin with one name, how many are looked at.
const MAX_BY_NAME: usize = 64;
/// How often that is, on the whole page. Then the first of each name is enough.
const MAX_TRIED: usize = 2_000_000;
/// For how long the attributes of elements are looked at. Then their names are enough.
const MAX_TIME: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct ByName {
    /// Places in `Cascade::selected` of those that hide.
    hiding: HashMap<(Name, Scope), Vec<usize>>,
    tried: usize,
    /// When attributes were looked at first.
    started: Option<Instant>,
}

/// An element, and the ways in which it is hidden by what was found for it.
pub(super) struct Found<'a, 'b> {
    pub(super) node: &'a NodeRef<'b>,
    pub(super) names: &'a [Name],
    pub(super) ways: Vec<&'static str>,
}

impl ByName {
    /// The statement of a selector that hides an element by what it says of the element itself, in
    /// a way that few have hidden it in: another rule may overrule the first, or it hides too much.
    pub(super) fn find(
        &mut self,
        cascade: &Cascade,
        key: (Name, Scope),
        element: &mut Found<'_, '_>,
    ) -> Option<usize> {
        let hiding = self
            .hiding
            .entry(key)
            .or_insert_with(|| of_name(cascade, key));
        let selectors = cascade.selected.get(&key)?;
        let most = if self.tried < MAX_TRIED {
            hiding.len()
        } else {
            1
        };
        self.tried += most;
        for at in hiding.iter().take(most) {
            let (selector, place) = selectors.get(*at)?;
            let way = cascade.hiding(*place)?.first()?.way.property;
            let known = element.ways.iter().filter(|known| **known == way);
            if known.count() >= MAX_OF_A_WAY || !selector.has_own_names(element.names) {
                continue;
            }
            let is_it = if !selector.has_more() {
                true
            } else if self.started.get_or_insert_with(Instant::now).elapsed() < MAX_TIME {
                selector.matches_more(element.node)
            } else {
                !selector.own_names().is_empty()
            };
            if is_it {
                element.ways.push(way);
                return Some(*place);
            }
        }
        None
    }
}

/// Those that say nothing of the element itself (`.a *`) are for too many, and those that say it
/// without a name (`[hidden]`) are only if that is all of them. Each is there once.
fn of_name(cascade: &Cascade, key: (Name, Scope)) -> Vec<usize> {
    let mut all = Vec::new();
    let mut known: Vec<&Selector> = Vec::new();
    let selected = cascade.selected.get(&key);
    // One block is of as many statements as it has selectors.
    let mut blocks: HashMap<_, bool> = HashMap::new();
    let mut hides = |place| {
        let block = cascade.block(place);
        *blocks
            .entry(block)
            .or_insert_with(|| cascade.hiding(place).is_some())
    };
    for (at, (selector, place)) in selected.into_iter().flatten().enumerate() {
        let says_enough = !selector.own_names().is_empty() || selector.is_by_more_alone();
        let is_new = || known.iter().all(|known| !known.has_same_own(selector));
        if says_enough && is_new() && hides(*place) {
            known.push(selector);
            all.push(at);
        }
        if all.len() == MAX_BY_NAME {
            break;
        }
    }
    all
}
