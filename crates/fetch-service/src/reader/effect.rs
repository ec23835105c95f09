//! What rules say of elements, and which of several rules is the one that counts.

/// A set of the [ways](super::ways) to hide, a bit for each.
pub(super) type Ways = u32;

/// What declarations say of their elements.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) hiding: Ways,
    pub(super) showing: Ways,
}

/// What a rule or a style does to its elements: with all of its declarations, and with those that
/// are important.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) all: Stated,
    pub(super) important: Stated,
}

impl Stated {
    pub(super) fn any(self) -> Ways {
        self.hiding | self.showing
    }

    pub(super) fn within(self, ways: Ways) -> Self {
        Self {
            hiding: self.hiding & ways,
            showing: self.showing & ways,
        }
    }

    fn then(self, later: Self) -> Self {
        Self {
            hiding: (self.hiding & !later.showing) | later.hiding,
            showing: (self.showing & !later.hiding) | later.showing,
        }
    }
}

impl Effect {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    pub(super) fn shows(self) -> bool {
        self.all.showing != 0
    }

    pub(super) fn without_hiding(mut self, ways: Ways) -> Self {
        self.all.hiding &= !ways;
        self.important.hiding &= !ways;
        self
    }

    pub(super) fn without_showing(mut self, ways: Ways) -> Self {
        self.all.showing &= !ways;
        self.important.showing &= !ways;
        self
    }

    /// Whether another one says something in each of its ways.
    pub(super) fn is_said_by(self, other: Self) -> bool {
        self.all.any() & !other.all.any() == 0 && self.important.any() & !other.important.any() == 0
    }

    /// With what is said after it, and with as much weight.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            all: self.all.then(later.all),
            important: self.important.then(later.important),
        }
    }

    /// In which ways it hides, but for those in which something else shows.
    pub(super) fn hiding_without(self, shown: Self) -> Ways {
        let usual = self.all.hiding & !self.important.any() & !shown.all.showing;
        (usual | self.important.hiding) & !shown.important.showing
    }

    /// What one or the other shows.
    pub(super) fn show(&mut self, other: Self) {
        self.all.showing |= other.all.showing;
        self.important.showing |= other.important.showing;
    }
}
