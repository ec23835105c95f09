//! The CA whose only certificate is the verifier's, for HTTPS between Traefik and the verifier.
//!
//! Three directories, since three containers read them: the CA itself (`ca.pem`, key and
//! certificate), for the operator's commands and the keeper of the keys; its certificate
//! (`ca.crt`), for Traefik; and the verifier's certificate and key (`tls.crt`, `tls.key`).

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use app_shell::settings::Settings;
use thiserror::Error;
use token_core::keys::PrivatePem;
use token_core::{Seconds, Timestamp};

use certificate::{Certified, NotCertified};

mod certificate;

/// The settings that [`InternalCa::from_settings`] reads.
pub(crate) const SETTINGS: [&str; 3] = [
    "INTERNAL_CA_DIR",
    "INTERNAL_CA_CERTIFICATE_DIR",
    "VERIFIER_TLS_DIR",
];

const DAY: u64 = 86_400;
/// Traefik reads the CA's certificate at its start only, so a new CA is the operator's decision.
const LIFE_OF_CA: Seconds = Seconds(3650 * DAY);
const LIFE_OF_CERTIFICATE: Seconds = Seconds(90 * DAY);
/// So long before its end the verifier's certificate is renewed: in time for an operator to see
/// that it was not.
const RENEWED_BEFORE: Seconds = Seconds(30 * DAY);
const FOR_ITS_OWNER: u32 = 0o600;
const FOR_EVERYBODY: u32 = 0o644;

/// Why nothing was done. Each names the path; none shows what is in a file.
#[derive(Debug, Error)]
pub(crate) enum CaError {
    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {path}")]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{path} is not usable; where it is lost, remove it and a new CA is made")]
    NotACa { path: PathBuf, source: NotCertified },
    #[error("the CA in {path} has expired; remove it and a new one is made")]
    Expired { path: PathBuf },
    #[error("a certificate could not be made")]
    NotMade(#[from] NotCertified),
}

/// Where the CA, its certificate and the verifier's certificate lie.
#[derive(Debug, Clone)]
pub(crate) struct InternalCa {
    /// `ca.pem`.
    own: PathBuf,
    /// `ca.crt`.
    published: PathBuf,
    /// `tls.crt` and `tls.key`.
    verifier: PathBuf,
}

/// A certificate, told by the name of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// `ca` or `https`.
    pub(crate) purpose: &'static str,
    pub(crate) kid: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// Just now.
    pub(crate) made: bool,
}

impl InternalCa {
    /// There is none unless `INTERNAL_CA_DIR` says where: the verifier's certificate may come from
    /// elsewhere.
    pub(crate) fn from_settings(settings: &mut Settings) -> Option<Self> {
        let own = settings.text("INTERNAL_CA_DIR")?;
        let mend = "set it too, or unset INTERNAL_CA_DIR";
        let published = settings.required("INTERNAL_CA_CERTIFICATE_DIR", mend);
        let verifier = settings.required("VERIFIER_TLS_DIR", mend);
        Some(Self {
            own: own.into(),
            published: published?.into(),
            verifier: verifier?.into(),
        })
    }

    /// Sees to it that there are a CA, its certificate for Traefik, and a certificate of the
    /// verifier that lives for a while yet. A CA that is there is never replaced.
    pub(crate) fn ensure(&self, now: Timestamp) -> Result<[Certificate; 2], CaError> {
        let _alone = self.alone()?;
        let (ca, made) = self.ca(now)?;
        let kept = self
            .of_verifier()?
            .filter(|kept| kept.is_of(&ca) && (!ends_soon(kept, now) || kept.until == ca.until));
        let verifier = match kept {
            Some(kept) => kept.told("https", false),
            None => self.certify(&ca, now)?,
        };
        Ok([ca.told("ca", made), verifier])
    }

    /// Gives the verifier another key and a certificate for it.
    pub(crate) fn renew(&self, now: Timestamp) -> Result<Certificate, CaError> {
        let _alone = self.alone()?;
        let (ca, _) = self.ca(now)?;
        self.certify(&ca, now)
    }

    /// What there is.
    pub(crate) fn list(&self) -> Result<Vec<Certificate>, CaError> {
        let ca = self.read_ca()?.map(|ca| ca.told("ca", false));
        let verifier = self.of_verifier()?.map(|it| it.told("https", false));
        Ok(ca.into_iter().chain(verifier).collect())
    }

    /// Where its key and the verifier's lie.
    pub(crate) fn private_directories(&self) -> [PathBuf; 2] {
        [self.own.clone(), self.verifier.clone()]
    }

    fn ca(&self, now: Timestamp) -> Result<(Certified, bool), CaError> {
        let (ca, made) = if let Some(ca) = self.read_ca()? {
            (ca, false)
        } else {
            let ca = Certified::ca(now, LIFE_OF_CA)?;
            let both = PrivatePem::new([ca.key_pem().as_str(), &ca.pem].concat());
            // One file, so that there is never a key without its certificate.
            write(&self.own, "ca.pem", &both, FOR_ITS_OWNER)?;
            (ca, true)
        };
        if ca.until.has_passed(now) {
            let path = self.own.join("ca.pem");
            return Err(CaError::Expired { path });
        }
        if read(&self.published, "ca.crt")?.as_deref() != Some(&ca.pem) {
            write(&self.published, "ca.crt", &ca.pem, FOR_EVERYBODY)?;
        }
        Ok((ca, made))
    }

    fn certify(&self, ca: &Certified, now: Timestamp) -> Result<Certificate, CaError> {
        let made = ca.certify_verifier(now, LIFE_OF_CERTIFICATE)?;
        write(&self.verifier, "tls.key", &made.key_pem(), FOR_ITS_OWNER)?;
        write(&self.verifier, "tls.crt", &made.pem, FOR_EVERYBODY)?;
        Ok(made.told("https", true))
    }

    fn read_ca(&self) -> Result<Option<Certified>, CaError> {
        let ca = read(&self.own, "ca.pem")?.map(|both| Certified::read(&both, &both));
        ca.transpose().map_err(|source| CaError::NotACa {
            path: self.own.join("ca.pem"),
            source,
        })
    }

    /// `None` where it is not in order too: it can be made again at any time.
    fn of_verifier(&self) -> Result<Option<Certified>, CaError> {
        let key = read(&self.verifier, "tls.key")?;
        let chain = read(&self.verifier, "tls.crt")?;
        let both = key.zip(chain);
        Ok(both.and_then(|(key, chain)| Certified::read(&key, &chain).ok()))
    }

    /// Nobody else writes meanwhile: the operator and the keeper of the keys may both be at it.
    fn alone(&self) -> Result<File, CaError> {
        let unwritable = |source| CaError::Unwritable {
            path: self.own.clone(),
            source,
        };
        make_directory(&self.own, FOR_ITS_OWNER).map_err(unwritable)?;
        let directory = File::open(&self.own).map_err(unwritable)?;
        directory.lock().map_err(unwritable)?;
        Ok(directory)
    }
}

fn ends_soon(certified: &Certified, now: Timestamp) -> bool {
    certified.until <= now.plus(RENEWED_BEFORE)
}

/// `None` where there is no such file.
fn read(directory: &Path, name: &str) -> Result<Option<PrivatePem>, CaError> {
    let path = directory.join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(PrivatePem::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CaError::Unreadable { path, source }),
    }
}

/// The file changes as a whole, since others look at any time.
fn write(directory: &Path, name: &str, text: &str, mode: u32) -> Result<(), CaError> {
    let path = directory.join(name);
    let unfinished = directory.join(format!("{name}.new"));
    let written = make_directory(directory, mode)
        .and_then(|()| create(&unfinished, text, mode))
        .and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(|source| CaError::Unwritable { path, source })
}

fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // What an interrupted run left may be readable by others.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    // Whatever the umask says: Traefik is another user.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whoever may read the file may enter the directory.
fn make_directory(path: &Path, mode_of_file: u32) -> io::Result<()> {
    let mode = mode_of_file | (mode_of_file & 0o444) >> 2;
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

#[cfg(test)]
mod tests;
