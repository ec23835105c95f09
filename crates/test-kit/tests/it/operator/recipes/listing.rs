//! What there is, as a listing has it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A kind of thing that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Registration,
    Session,
    Token,
}

impl Thing {
    fn of(line: &Value) -> Self {
        match line["kind"].as_str() {
            Some("registration") => Self::Registration,
            Some("session") => Self::Session,
            Some("access_token") => Self::Token,
            _ => panic!("what is {line}?"),
        }
    }

    /// The member that names one.
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "client_id",
            Self::Session => "grant",
            Self::Token => "jti",
        }
    }

    /// The first column of its table.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Registration => "CLIENT",
            Self::Session => "SESSION",
            Self::Token => "TOKEN",
        }
    }
}

/// Things by kind and name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Listing(BTreeMap<(Thing, String), Value>);

impl Listing {
    /// Of the lines of a listing, less what changes by itself and what another line tells.
    pub(super) fn of(lines: Vec<Value>) -> Self {
        let mut listing = BTreeMap::new();
        for mut line in lines {
            let thing = Thing::of(&line);
            let name = line[thing.name()].as_str().expect("a name").to_owned();
            let members = line.as_object_mut().expect("an object");
            members.remove("last_used");
            members.remove("tokens");
            let twice = listing.insert((thing, name), line);
            assert_eq!(twice, None, "listed twice");
        }
        Self(listing)
    }

    pub(super) fn count(&self, thing: Thing) -> u64 {
        self.names(thing).count() as u64
    }

    pub(super) fn names(&self, thing: Thing) -> impl Iterator<Item = &str> {
        let own = self.0.keys().filter(move |(own, _)| *own == thing);
        own.map(|(_, name)| name.as_str())
    }

    pub(super) fn only(&self, thing: Thing) -> Self {
        self.without(|own, _| own != thing)
    }

    pub(super) fn without(&self, gone: impl Fn(Thing, &Value) -> bool) -> Self {
        let mut rest = self.clone();
        rest.0.retain(|(thing, _), line| !gone(*thing, line));
        rest
    }
}
