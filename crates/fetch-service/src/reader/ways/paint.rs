//! Letters in the color of what they are on.

use std::rc::Rc;

use super::super::color::{CANVAS, Color, MAX_LENGTH};
use super::super::declarations::Declarations;
use super::super::known_values::is_global;
use super::{FILL, is_of_parent};

/// What letters are painted with and what on, where that is declared.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Paint {
    color: Option<Declared>,
    fill: Option<Declared>,
    behind: Option<Declared>,
}

/// A color that is declared, read once: it may be that of many elements.
#[derive(Debug, Clone)]
struct Declared {
    written: Rc<str>,
    color: Option<Color>,
    /// It is what it is around.
    is_of_parent: bool,
}

impl Declarations {
    /// The colors that are declared.
    pub(in super::super) fn paint(&self) -> Paint {
        let declared = |property| {
            let written = self.shared(property)?;
            Some(Declared {
                color: Color::parse(&written),
                is_of_parent: is_of_parent(property, &written),
                written,
            })
        };
        Paint {
            color: declared("color"),
            fill: declared(FILL),
            behind: declared("background-color"),
        }
    }
}

impl Paint {
    /// By what is declared of both: what else is behind the element is not known, but that the page
    /// itself is.
    pub(in super::super) fn hides(&self) -> bool {
        let is_own =
            |fill: &&Declared| &*fill.written != "currentcolor" && !is_global(&fill.written);
        let fill = self.fill.as_ref().filter(is_own);
        let Some(letters) = fill.or(self.color.as_ref()) else {
            return false;
        };
        let behind = self.behind.as_ref();
        let Some(behind) = behind.filter(|behind| &*behind.written != "transparent") else {
            return &*letters.written == CANVAS;
        };
        let colors = letters.color.zip(behind.color);
        // Who writes that much hides something.
        behind.written.len() > MAX_LENGTH
            || &*behind.written == "currentcolor"
            || colors.is_some_and(|(letters, behind)| behind.covers() && letters.is_like(behind))
            || (behind.written == letters.written
                && !is_global(&behind.written)
                && colors.is_none_or(|(_, behind)| behind.covers()))
    }

    /// What it is within another, where it does not say.
    pub(in super::super) fn over(&self, around: &Self) -> Self {
        Self {
            color: own(self.color.as_ref()).or(around.color.as_ref()).cloned(),
            fill: own(self.fill.as_ref()).or(around.fill.as_ref()).cloned(),
            behind: match (own(self.behind.as_ref()), &around.behind) {
                (Some(own), Some(around)) => Some(own.above(around)),
                (own, around) => own.or(around.as_ref()).cloned(),
            },
        }
    }
}

fn own(declared: Option<&Declared>) -> Option<&Declared> {
    declared.filter(|declared| !declared.is_of_parent)
}

impl Declared {
    /// What is seen of it together with what it is above.
    fn above(&self, below: &Self) -> Self {
        let covers = self.color.is_none_or(Color::covers);
        let both = self.color.zip(below.color);
        match both.and_then(|(color, below)| color.above(below)) {
            None if !covers => below.clone(),
            color => Self {
                color: color.or(self.color),
                ..self.clone()
            },
        }
    }
}
