//! Whose a backup is: public keys to write one, the secret key to read it.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::x25519;

use super::super::output::{Output, remark};

/// `BACKUP_RECIPIENTS`: public keys, separated by commas. Each alone opens the backup.
pub(super) struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.0.iter().map(|recipient| recipient as _)
    }
}

impl FromStr for Recipients {
    type Err = &'static str;

    /// The error repeats nothing: somebody may have put the secret key here.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") {
            return Err(
                "holds a secret key: put the public one here (age1…), and the secret one \
                        where the gateway is not",
            );
        }
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        let keys: Result<Vec<_>, _> = keys.map(x25519::Recipient::from_str).collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(Self(keys)),
            _ => Err(
                "is no list of age public keys (age1…, separated by commas): \
                      `gateway backup keygen FILE` makes one",
            ),
        }
    }
}

/// The secret keys in a file.
pub(super) type Identities = Vec<Box<dyn age::Identity>>;

/// Reads a file of secret keys, as `keygen` and `age-keygen` write it.
pub(super) fn identities(path: &Path) -> Result<Identities, Box<dyn Error>> {
    let source: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path)
            .map_err(|error| format!("--identity: {} cannot be read: {error}", path.display()))?;
        Box::new(BufReader::new(file))
    };
    // Neither error is passed on: it could quote a line of the file.
    let identities = age::IdentityFile::from_buffer(source).ok();
    let identities = identities.and_then(|file| file.into_identities().ok());
    match identities {
        Some(identities) if !identities.is_empty() => Ok(identities),
        _ => Err(format!(
            "--identity: {} holds no secret key of age (a line AGE-SECRET-KEY-1…)",
            path.display()
        )
        .into()),
    }
}

/// `gateway backup keygen`.
pub(super) fn generate(path: &Path) -> Result<(), Box<dyn Error>> {
    let identity = x25519::Identity::generate();
    let public = identity.to_public();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{} is there already, and is left as it is", path.display())
            }
            _ => format!("{} cannot be written: {error}", path.display()),
        })?;
    let secret = identity.to_string();
    writeln!(file, "# public key: {public}\n{}", secret.expose_secret())?;
    file.sync_all()?;
    let mut output = Output::new();
    output.line(&public.to_string())?;
    output.flush()?;
    remark(&format!(
        "Set BACKUP_RECIPIENTS to this public key. {} is the only way to read what is encrypted \
         to it: keep it, and a copy, where the gateway and its backups are not.",
        path.display()
    ))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_read_and_a_secret_key_is_refused_without_repeating_it() {
        let identity = x25519::Identity::generate();
        let public = identity.to_public().to_string();
        for text in [public.clone(), format!(" {public}, {public},")] {
            assert!(text.parse::<Recipients>().is_ok(), "{text}");
        }
        let secret = identity.to_string().expose_secret().to_owned();
        for text in [
            "",
            ",",
            "age1nonsense",
            &secret,
            &format!("{public},{secret}"),
        ] {
            let error = text.parse::<Recipients>().err().unwrap();
            assert!(!error.contains(&secret));
        }
    }
}
