//! A directory of private keys: `*.pem` files with one PKCS#8 key each, readable by their owner
//! only. The last one by file name is the active one; the others verify what they signed.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use token_core::keys::{KeyError, SigningKey};

/// Why a key directory cannot be used. Each names the path.
#[derive(Debug, Error)]
pub enum KeyDirectoryError {
    /// The directory or a file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The directory or a file cannot be written.
    #[error("cannot write {path}")]
    Unwritable {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is no key.
    #[error("{path} is not usable")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// There is no key.
    #[error("there is no *.pem file in {path}; `gateway keys generate` makes one")]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

/// Reads every key, in the order of file names.
///
/// # Errors
/// The directory cannot be read, holds a file that is no key, or holds none.
pub fn load(directory: &Path) -> Result<Vec<SigningKey>, KeyDirectoryError> {
    let files = key_files(directory)?;
    if files.is_empty() {
        return Err(KeyDirectoryError::Empty {
            path: directory.to_owned(),
        });
    }
    files.into_iter().map(read).collect()
}

/// Whether the directory holds no key yet; a directory that does not exist holds none.
///
/// # Errors
/// The directory cannot be read.
pub fn is_empty(directory: &Path) -> Result<bool, KeyDirectoryError> {
    match key_files(directory) {
        Ok(files) => Ok(files.is_empty()),
        Err(KeyDirectoryError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

/// Writes a new key as `NAME.pem` (0600), making the directory (0700) if need be. A file of that
/// name is never overwritten.
///
/// # Errors
/// The file exists or cannot be written.
pub fn add(directory: &Path, name: &str, pem: &str) -> Result<PathBuf, KeyDirectoryError> {
    let path = directory.join(format!("{name}.pem"));
    let unwritable = |source| KeyDirectoryError::Unwritable {
        path: path.clone(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(unwritable)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(unwritable)?;
    file.write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(unwritable)?;
    Ok(path)
}

fn key_files(directory: &Path) -> Result<Vec<PathBuf>, KeyDirectoryError> {
    let unreadable = |source| KeyDirectoryError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let entries = fs::read_dir(directory).map_err(unreadable)?;
    let paths: Result<Vec<_>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    paths.sort();
    Ok(paths)
}

fn read(path: PathBuf) -> Result<SigningKey, KeyDirectoryError> {
    match fs::read(&path) {
        Err(source) => Err(KeyDirectoryError::Unreadable { path, source }),
        Ok(text) => SigningKey::from_pkcs8_pem(&text)
            .map_err(|source| KeyDirectoryError::NotAKey { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use token_core::SystemEntropy;
    use token_core::keys::generate_ed25519_pem;

    #[test]
    fn keys_are_kept_to_their_owner_and_read_in_order() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("keys");
        assert!(is_empty(&directory).unwrap());
        let entropy = SystemEntropy::new();
        let first = generate_ed25519_pem(&entropy).unwrap();
        let second = generate_ed25519_pem(&entropy).unwrap();
        add(&directory, "2", &second).unwrap();
        let path = add(&directory, "1", &first).unwrap();
        assert!(
            add(&directory, "1", &second).is_err(),
            "nothing is overwritten"
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let keys = load(&directory).unwrap();
        let expected = SigningKey::from_pkcs8_pem(second.as_bytes()).unwrap();
        assert_eq!(keys.last().unwrap().kid(), expected.kid());
        assert_eq!(keys.len(), 2);
        assert!(!is_empty(&directory).unwrap());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let empty = load(directory.path()).unwrap_err().to_string();
        assert!(empty.contains("keys generate"), "{empty}");
        fs::write(directory.path().join("bad.pem"), "no key").unwrap();
        let bad = load(directory.path()).unwrap_err().to_string();
        assert!(bad.contains("bad.pem"), "{bad}");
        assert!(load(&directory.path().join("none")).is_err());
    }
}
