//! Files that are written whole or not at all, and files that nobody else reads.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Puts a text in the place of a file; of one that a link leads to, in its own place.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let path = &if path.is_symlink() {
        fs::canonicalize(path).map_err(|error| named(path, &error))?
    } else {
        path.to_owned()
    };
    let name = path.file_name().unwrap_or_default().display().to_string();
    let new = path.with_file_name(format!("{name}.new"));
    let written = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)
            .map_err(|error| in_the_way(&new, &error))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().inspect_err(|error| {
        // Another writer's is not ours to remove.
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(&new);
        }
    })
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn in_the_way(new: &Path, error: &io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::AlreadyExists {
        return named(new, error);
    }
    let text = format!(
        "{} is there: somebody writes it at this moment, or was stopped while he did. If nobody \
         does, delete it and try again",
        new.display()
    );
    io::Error::new(error.kind(), text)
}

/// An empty file that nobody else can read, also where there was one that others could.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    const MODE: u32 = 0o600;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(MODE);
    let file = options.open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_one_whatever_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.html");
        fs::write(&path, "of before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        private(&path).unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
