//! `.env`, the settings of a deployment, as an operator keeps it: comments, order and everything
//! else that is in it stay, and only the line of a setting that changes is another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::disk;

/// Why a value cannot be written. Says nothing of the value: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} cannot hold a line break or a single quote")]
pub(crate) struct Unwritable(&'static str);

/// The text of one.
#[derive(Clone)]
pub(crate) struct EnvFile {
    path: PathBuf,
    lines: Vec<String>,
    changed: bool,
}

impl EnvFile {
    /// The one in a deployment's directory; `None` where there is none.
    pub(crate) fn read(directory: &Path) -> io::Result<Option<Self>> {
        let path = directory.join(".env");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self::of(path, &text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A new one at that place, with a text to begin with.
    pub(crate) fn of(path: PathBuf, text: &str) -> Self {
        Self {
            path,
            lines: text.lines().map(str::to_owned).collect(),
            changed: false,
        }
    }

    /// The value of a setting, as Docker Compose reads it; `None` where it is empty or not there.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        // Of several the last counts.
        let mut lines = self.lines.iter().rev();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        let quoted = ['\'', '"'].into_iter().find_map(|quote| {
            let rest = value.strip_prefix(quote)?;
            Some(rest.split(quote).next().unwrap_or_default())
        });
        // What follows a blank and a hash is a comment.
        let plain = || value.split(" #").next().unwrap_or_default().trim();
        Some(quoted.unwrap_or_else(plain).to_owned()).filter(|value| !value.is_empty())
    }

    /// Sets a setting: in its line, or below the line that explains it by its default, or at the
    /// end.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) -> Result<(), Unwritable> {
        if self.get(name).as_deref() == Some(value) {
            return Ok(());
        }
        let line = format!("{name}={}", written(value).ok_or(Unwritable(name))?);
        let begins = |begin: &str| {
            let begin = format!("{begin}{name}=");
            self.lines.iter().rposition(|line| line.starts_with(&begin))
        };
        match (begins(""), begins("#")) {
            (Some(at), _) => {
                if let Some(old) = self.lines.get_mut(at) {
                    *old = line;
                }
            }
            (None, Some(at)) => self.lines.insert(at + 1, line),
            (None, None) => self.lines.push(line),
        }
        self.changed = true;
        Ok(())
    }

    /// Whether there is something to write.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed
    }

    /// Writes it, readable by its owner only. A whole file is there at any moment, and no copy of
    /// the old one stays.
    pub(crate) fn write(&self) -> io::Result<()> {
        let mut text = self.lines.join("\n");
        text.push('\n');
        disk::replace(&self.path, &text, 0o600)
    }
}

/// A value as `.env` holds it: plain where nothing in it means anything there, else in single
/// quotes, within which nothing does.
fn written(value: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/@*+=|".contains(c);
    if value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    let fits = !value.contains(['\'', '\n', '\r']);
    fits.then(|| format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A comment\nA=\n#B=default\n# End\nC='two words' # why\nD=\"x\"\nE=1 # one\nE=2";

    fn file() -> EnvFile {
        EnvFile::of(".env".into(), TEXT)
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let values = ["A", "B", "C", "D", "E"].map(|name| file().get(name));
        let expected = [None, None, Some("two words"), Some("x"), Some("2")];
        assert_eq!(values, expected.map(|value| value.map(str::to_owned)));
    }

    #[test]
    fn a_change_touches_its_own_line_and_no_other() {
        let mut env = file();
        env.set("E", "2").unwrap();
        assert!(!env.is_changed());
        for (name, value) in [("A", "a,b"), ("B", "it costs $5"), ("F", "new")] {
            env.set(name, value).unwrap();
            assert_eq!(env.get(name).as_deref(), Some(value));
        }
        let expected = TEXT
            .replace("A=", "A=a,b")
            .replace("#B=default", "#B=default\nB='it costs $5'");
        assert_eq!(env.lines.join("\n"), format!("{expected}\nF=new"));
        for bad in ["it's", "two\nlines"] {
            let error = env.set("A", bad).unwrap_err().to_string();
            assert!(!error.contains(bad) && error.contains('A'), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_its_owners_alone_and_no_copy_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".env"), TEXT).unwrap();
        let mut env = EnvFile::read(directory.path()).unwrap().unwrap();
        env.set("A", "secret").unwrap();
        env.write().unwrap();
        let files: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let metadata = files[0].as_ref().unwrap().metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(
            EnvFile::read(directory.path())
                .unwrap()
                .unwrap()
                .get("A")
                .as_deref(),
            Some("secret")
        );
        assert!(
            EnvFile::read(&directory.path().join("none"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_link_stays_one_and_what_it_leads_to_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join(".env"));
        fs::write(&real, TEXT).unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        let mut env = EnvFile::read(directory.path()).unwrap().unwrap();
        env.set("A", "secret").unwrap();
        env.write().unwrap();
        assert!(link.is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("A=secret"));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_an_interrupted_writer_left_is_named_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let left = directory.path().join(".env.new");
        fs::write(&left, "another's").unwrap();
        let mut env = EnvFile::of(directory.path().join(".env"), TEXT);
        env.set("A", "secret").unwrap();
        let error = env.write().unwrap_err().to_string();
        assert!(error.contains(left.to_str().unwrap()), "{error}");
        assert!(error.contains("delete it and try again"), "{error}");
        assert_eq!(fs::read_to_string(&left).unwrap(), "another's");
    }
}
