//! An operator who knows recipes only.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;

use super::super::vault::Vault;
use super::super::world::World;
use super::Words;
use super::listing::{Listing, Thing};

pub(super) struct Operator<'a> {
    pub(super) world: &'a World,
    vault: Vault,
    ran: RefCell<BTreeSet<String>>,
    /// What the last thing that was ended left.
    seen: RefCell<Option<Listing>>,
}

impl<'a> Operator<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        Self {
            world,
            vault: Vault::of(world),
            ran: RefCell::default(),
            seen: RefCell::default(),
        }
    }

    /// The recipes that were run.
    pub(super) fn ran(&self) -> BTreeSet<String> {
        self.ran.borrow().clone()
    }

    /// What `oauth-backup-view` and `oauth-restore` need, and more.
    pub(super) fn with_key<'b>(&'b self, more: Words<'b>) -> Vec<&'b str> {
        [&["--identity", self.vault.key()], more].concat()
    }

    fn run(&self, recipe: &str, words: Words<'_>) -> Output {
        self.ran.borrow_mut().insert(recipe.to_owned());
        let words = [&[recipe], words].concat();
        self.world.recipe(&words, &self.vault.settings())
    }

    /// What people see: on standard output, and on standard error.
    pub(super) fn table(&self, recipe: &str, words: Words<'_>) -> (String, String) {
        let output = self.run(recipe, words);
        assert!(output.status.success(), "{recipe} {words:?}: {output:?}");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(output.stdout), text(output.stderr))
    }

    /// What programs see.
    pub(super) fn lines(&self, recipe: &str, words: Words<'_>) -> Vec<Value> {
        let (lines, _) = self.table(recipe, &[words, &["--json"]].concat());
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// The one line that programs see.
    pub(super) fn one(&self, recipe: &str, words: Words<'_>) -> Value {
        let mut lines = self.lines(recipe, words);
        assert_eq!(lines.len(), 1, "{recipe} {words:?}: {lines:?}");
        lines.remove(0)
    }

    /// Everything that there is.
    pub(super) fn listing(&self) -> Listing {
        Listing::of(self.lines("oauth-show-all", &[]))
    }

    /// Counts by a dry run and does it: the two agree with each other, with what is missing
    /// afterwards, and with what was meant to go. So a dry run that did something is found: nothing
    /// would be left to do.
    pub(super) fn ends(
        &self,
        recipe: &str,
        words: Words<'_>,
        meant: impl Fn(Thing, &Value) -> bool,
    ) {
        let before = self.seen.take().unwrap_or_else(|| self.listing());
        let counted = self.one(recipe, &[words, &["--dry-run"]].concat());
        let mut done = self.one(recipe, &[words, &["--yes"]].concat());
        let after = self.listing();
        assert!(after == before.without(meant), "{recipe} {words:?}: {done}");
        assert!(after != before, "{recipe} {words:?}: {done}");
        for (count, thing) in [
            ("registrations", Thing::Registration),
            ("sessions", Thing::Session),
            ("access_tokens", Thing::Token),
        ] {
            let gone = before.count(thing) - after.count(thing);
            assert_eq!(counted[count], gone, "{recipe} {words:?}: {counted}");
        }
        assert_eq!(
            (&counted["dry_run"], &done["dry_run"]),
            (&true.into(), &false.into())
        );
        done["dry_run"] = true.into();
        assert_eq!(counted, done, "{recipe} {words:?}");
        self.seen.replace(Some(after));
    }

    /// Puts the newest backup back, and holds that against what its dry run counted.
    pub(super) fn restores(&self, more: Words<'_>) -> Value {
        let words = self.with_key(more);
        let mut counted = self.one("oauth-restore", &[&words[..], &["--dry-run"]].concat());
        let done = self.one("oauth-restore", &[&words[..], &["--yes"]].concat());
        counted["dry_run"] = false.into();
        assert_eq!(counted, done, "{more:?}");
        done
    }

    /// What the doctor says of a gateway without an edge is his business; that he comes is ours.
    pub(super) fn has_itself_examined(&self) {
        let output = self.run("oauth-doctor", &["--inside-only", "--json"]);
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 3)),
            "{output:?}"
        );
        let found = String::from_utf8(output.stdout).expect("text");
        assert!(found.lines().count() > 10, "{found}");
        assert!(found.lines().all(|line| line.contains(r#""verdict""#)));
    }
}
