//! What the single process keeps between runs: the store, the keys, the root secret. Everything
//! is readable by its owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use token_core::entropy::{Entropy, NoEntropy};
use token_core::sealing::RootSecret;

/// Why the directory cannot be used. Names the setting and the mend.
#[derive(Debug, Error)]
pub(crate) enum DataDirectoryError {
    #[error(
        "GATEWAY_DATA_DIR: cannot write {}: {cause}; give a directory that this user may write",
        .path.display()
    )]
    // Named so that it is not the error's source: its text is part of the line already.
    Unwritable { path: PathBuf, cause: io::Error },
    #[error(
        "{} is shorter than 32 bytes; delete it, and a new one is made (sign-ins under way end)",
        .0.display()
    )]
    ShortSecret(PathBuf),
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// `GATEWAY_DATA_DIR`.
#[derive(Debug, Clone)]
pub(crate) struct DataDirectory(PathBuf);

impl DataDirectory {
    /// Makes the directory if need be, and shows that it can be written.
    pub(crate) fn open(path: PathBuf) -> Result<Self, DataDirectoryError> {
        let unwritable = |cause| DataDirectoryError::Unwritable {
            path: path.clone(),
            cause,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(unwritable)?;
        let probe = path.join(".writable");
        fs::write(&probe, b"")
            .and_then(|()| fs::remove_file(&probe))
            .map_err(unwritable)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> PathBuf {
        Self::store_below(&self.0)
    }

    pub(crate) fn keys(&self) -> PathBuf {
        Self::keys_below(&self.0)
    }

    /// Where the store of such a directory is, for who only looks.
    pub(crate) fn store_below(data: &Path) -> PathBuf {
        data.join("gateway.db")
    }

    /// Where its keys are.
    pub(crate) fn keys_below(data: &Path) -> PathBuf {
        data.join("keys")
    }

    /// The root secret, made at the first run.
    pub(crate) fn root_secret(
        &self,
        entropy: &dyn Entropy,
    ) -> Result<RootSecret, DataDirectoryError> {
        let path = self.0.join("root.secret");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = entropy.token(32)?.into_bytes();
                write_private(&path, &text).map_err(|cause| DataDirectoryError::Unwritable {
                    path: path.clone(),
                    cause,
                })?;
                text
            }
            Err(cause) => return Err(DataDirectoryError::Unwritable { path, cause }),
        };
        RootSecret::new(text).ok_or(DataDirectoryError::ShortSecret(path))
    }
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use token_core::SystemEntropy;

    #[test]
    fn what_was_made_once_is_found_again() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(parent.path().join("a/b")).unwrap();
        let entropy = SystemEntropy::new();
        let secret = data.root_secret(&entropy).unwrap();
        let hash = |secret: &RootSecret| secret.keyed_hash("test").unwrap().of("x");
        assert_eq!(hash(&data.root_secret(&entropy).unwrap()), hash(&secret));
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data.path().join("root.secret")), 0o600);
        assert_eq!(mode(data.path().to_owned()), 0o700);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_with_the_mend() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataDirectory::open(file.join("below"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("GATEWAY_DATA_DIR") && error.contains("file/below"),
            "{error}"
        );
        fs::write(parent.path().join("root.secret"), "short").unwrap();
        let data = DataDirectory::open(parent.path().to_owned()).unwrap();
        assert!(data.root_secret(&SystemEntropy::new()).is_err());
    }
}
