//! A place for backups, and the key to them.

use std::process::Output;

use serde_json::Value;

use super::world::World;

/// A world's operator with a key and a place for backups.
pub(crate) struct Vault {
    _directory: tempfile::TempDir,
    backups: String,
    key: String,
    public: String,
}

impl Vault {
    pub(crate) fn of(world: &World) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name| directory.path().join(name).display().to_string();
        let (backups, key) = (path("backups"), path("key"));
        let public = world.done(&["backup", "keygen", &key]).trim().to_owned();
        Self {
            _directory: directory,
            backups,
            key,
            public,
        }
    }

    fn run(&self, world: &World, arguments: &[&str]) -> Output {
        world.run_with(&[&["backup"], arguments].concat(), &self.settings())
    }

    /// The operator's settings.
    pub(crate) fn settings(&self) -> [(&str, &str); 2] {
        [
            ("BACKUP_DIR", self.backups.as_str()),
            ("BACKUP_RECIPIENTS", self.public.as_str()),
        ]
    }

    /// The file of the secret key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn json(&self, world: &World, arguments: &[&str]) -> Value {
        let output = self.run(world, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Counts, does, and holds the two against each other.
    pub(crate) fn restore(&self, world: &World, more: &[&str]) -> Value {
        let command = [&["restore", "--identity", self.key()], more].concat();
        let mut counted = self.json(world, &[&command[..], &["--dry-run"]].concat());
        let done = self.json(world, &[&command[..], &["--yes"]].concat());
        counted["dry_run"] = false.into();
        assert_eq!(counted, done);
        done
    }
}
