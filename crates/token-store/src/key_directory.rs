//! A directory of private keys: `*.pem` files with one PKCS#8 key each, readable by their owner
//! only. It is a key ring: a file's name begins with the second from which its key signs, in twelve
//! digits; a key without counts from when its file was last written. A file beside it (`*.until`)
//! says until when it is needed for a token that lives longer than others.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use thiserror::Error;
use token_core::Timestamp;
use token_core::keys::{DatedKey, KeyError, SigningKey};

mod followed;

pub use followed::FollowedKeys;

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

/// How many digits at the beginning of a file's name are the time from which its key signs.
const TIME_DIGITS: usize = 12;

/// A key and where it lies.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub dated: DatedKey,
}

/// Reads every key, in the order of file names.
///
/// # Errors
/// The directory cannot be read, holds a file that is no key, or holds none.
pub fn load(directory: &Path) -> Result<Vec<KeyFile>, KeyDirectoryError> {
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

/// Writes a new key that signs from `active_from` (0600), making the directory (0700) if need be.
/// `kind` is the rest of the file's name. The file appears whole, since others look at the
/// directory at any time; one of that name is never overwritten.
///
/// # Errors
/// The file exists or cannot be written.
pub fn add(
    directory: &Path,
    active_from: Timestamp,
    kind: &str,
    pem: &str,
) -> Result<PathBuf, KeyDirectoryError> {
    let name = format!(
        "{:0TIME_DIGITS$}-{}.pem",
        active_from.0,
        kind.to_ascii_lowercase()
    );
    let path = directory.join(name);
    let unwritable = |source| KeyDirectoryError::Unwritable {
        path: path.clone(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(unwritable)?;
    // Whoever makes this file first may write the key.
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(unwritable)?;
    let exists = || io::Error::from(io::ErrorKind::AlreadyExists);
    let written = file
        .write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| if path.exists() { Err(exists()) } else { Ok(()) })
        .and_then(|()| fs::rename(&unfinished, &path));
    if written.is_err() {
        // What is left of it is no key; the first error is the one to tell.
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(unwritable)?;
    Ok(path)
}

/// Deletes a key.
///
/// # Errors
/// The file cannot be deleted.
pub fn remove(key: &KeyFile) -> Result<(), KeyDirectoryError> {
    let gone = |path: &Path| match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    };
    fs::remove_file(&key.path)
        .and_then(|()| gone(&key.path.with_extension(UNTIL)))
        .map_err(|source| KeyDirectoryError::Unwritable {
            path: key.path.clone(),
            source,
        })
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

fn read(path: PathBuf) -> Result<KeyFile, KeyDirectoryError> {
    let text = fs::read(&path).and_then(|text| Ok((text, active_from(&path)?)));
    let (text, active_from) = match text {
        Ok(read) => read,
        Err(source) => return Err(KeyDirectoryError::Unreadable { path, source }),
    };
    let needed_until = needed_until(&path)?;
    match SigningKey::from_pkcs8_pem(&text) {
        Ok(key) => Ok(KeyFile {
            path,
            dated: DatedKey {
                active_from,
                key,
                needed_until,
            },
        }),
        Err(source) => Err(KeyDirectoryError::NotAKey { path, source }),
    }
}

/// Beside a key's file: until when it is needed for a token that lives longer than others.
const UNTIL: &str = "until";

fn needed_until(path: &Path) -> Result<Option<Timestamp>, KeyDirectoryError> {
    let path = path.with_extension(UNTIL);
    let damaged = || io::Error::other("it is not a number of seconds since 1970");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text,
    };
    let until = text.and_then(|text| text.trim().parse().map_err(|_| damaged()));
    match until {
        Ok(seconds) => Ok(Some(Timestamp(seconds))),
        Err(source) => Err(KeyDirectoryError::Unreadable { path, source }),
    }
}

/// Has a key stay until then though it is retired, for a token that is about to be signed with it.
///
/// # Errors
/// That cannot be written.
pub fn keep_until(key: &KeyFile, until: Timestamp) -> Result<(), KeyDirectoryError> {
    if key.dated.needed_until.is_some_and(|own| own >= until) {
        return Ok(());
    }
    let path = key.path.with_extension(UNTIL);
    // Others look at the directory at any time: it appears whole.
    let unfinished = key.path.with_extension("until-new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(until.0.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    write().map_err(|source| KeyDirectoryError::Unwritable { path, source })
}

/// The time in the file's name, or else that of its last change.
fn active_from(path: &Path) -> io::Result<Timestamp> {
    let name = path.file_stem().and_then(|stem| stem.to_str());
    let digits = name.and_then(|name| name.split('-').next());
    let named = digits
        .filter(|digits| digits.len() == TIME_DIGITS)
        .and_then(|digits| digits.parse().ok());
    if let Some(seconds) = named {
        return Ok(Timestamp(seconds));
    }
    let changed: SystemTime = fs::metadata(path)?.modified()?;
    let since = changed.duration_since(UNIX_EPOCH);
    Ok(Timestamp(since.map_or(0, |since| since.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use token_core::SystemEntropy;
    use token_core::keys::generate_ed25519_pem;

    #[test]
    fn keys_are_kept_to_their_owner_and_read_with_their_times() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("keys");
        assert!(is_empty(&directory).unwrap());
        let entropy = SystemEntropy::new();
        let first = generate_ed25519_pem(&entropy).unwrap();
        let second = generate_ed25519_pem(&entropy).unwrap();
        let (one, two) = (Timestamp(1_700_000_000), Timestamp(1_800_000_000));
        add(&directory, two, "EdDSA", &second).unwrap();
        let path = add(&directory, one, "EdDSA", &first).unwrap();
        assert!(
            add(&directory, one, "EdDSA", &second).is_err(),
            "nothing is overwritten"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&directory)), (0o600, 0o700));
        let keys = load(&directory).unwrap();
        let times: Vec<_> = keys.iter().map(|key| key.dated.active_from).collect();
        assert_eq!(times, [one, two]);
        let expected = SigningKey::from_pkcs8_pem(second.as_bytes()).unwrap();
        assert_eq!(keys[1].dated.key.kid(), expected.kid());
        remove(&keys[0]).unwrap();
        assert_eq!(load(&directory).unwrap().len(), 1);
        let left = fs::read_dir(&directory).unwrap().count();
        assert_eq!(left, 1, "nothing unfinished stays");
    }

    #[test]
    fn a_key_without_a_time_counts_from_when_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
        for name in ["key.pem", "2026-key.pem"] {
            let path = directory.path().join(name);
            fs::write(&path, pem.as_bytes()).unwrap();
            let written = UNIX_EPOCH + std::time::Duration::from_secs(1_750_000_000);
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_modified(written).unwrap();
        }
        for key in load(directory.path()).unwrap() {
            assert_eq!(key.dated.active_from, Timestamp(1_750_000_000));
        }
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
