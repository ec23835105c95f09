//! Keys: how old, of which kind, readable by whom; and the verifier's certificate.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use token_core::keys::{KeyState, SigningAlgorithm};
use token_core::{Seconds, Timestamp};

use super::finding::{Outcome, Problem};
use crate::internal_ca::{CaError, Certificate};
use crate::key_keeper::{KeeperError, KeyKeeper, Purpose};
use crate::operator::when::length;
use crate::serve_config::SETTINGS_FILE;

const DAY: u64 = 86_400;
/// A schedule that is so late is not at work.
const LATE: Seconds = Seconds(7 * DAY);
/// Without a schedule, a key that is older is old.
const OLD: Seconds = Seconds(365 * DAY);
/// It is never replaced by itself, since Traefik reads its certificate at its start only.
const NEW_CA: &str = "just down, docker volume rm mcp-oauth-gateway_internal-ca, just up";
/// The certificate is renewed 30 days before its end.
const NOT_RENEWED: Seconds = Seconds(21 * DAY);

/// A key that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActiveKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) since: Timestamp,
}

/// The key that signs in a directory.
pub(crate) fn active(keeper: &KeyKeeper, now: Timestamp) -> Result<Option<ActiveKey>, KeeperError> {
    let (_, ring) = keeper.ring()?;
    let states = ring.states(now);
    let active = states.iter().find(|key| key.state == KeyState::Active);
    Ok(active.map(|key| ActiveKey {
        algorithm: key.key.algorithm(),
        since: key.since,
    }))
}

pub(crate) fn signing(
    purpose: Purpose,
    active: Result<Option<ActiveKey>, KeeperError>,
    wanted: SigningAlgorithm,
    rotation: Option<Seconds>,
    now: Timestamp,
) -> Outcome {
    let rotate = "just rotate-keys";
    let key = match active {
        Ok(Some(key)) => key,
        Ok(None) => return Outcome::Wrong(vec![Problem::fail("no key signs", rotate)]),
        Err(error) => {
            let found = app_shell::error_chain(&error);
            return Outcome::Wrong(vec![Problem::fail(found, "just generate-rsa-keys")]);
        }
    };
    let mut problems = Vec::new();
    if key.algorithm != wanted && purpose == Purpose::Tokens {
        let (own, wanted) = (key.algorithm.name(), wanted.name());
        let found = format!("the key that signs is {own}, but JWT_ALGORITHM is {wanted}");
        problems.push(Problem::warn(found, rotate));
    }
    let age = now.remaining(key.since);
    match rotation {
        Some(every) if age.0 > every.0.saturating_add(LATE.0) => problems.push(Problem::warn(
            format!(
                "a key signs for {}, but is to be replaced every {}",
                length(age),
                length(every)
            ),
            "just up, which starts key-keeper; and just rotate-keys now",
        )),
        None if age > OLD => problems.push(Problem::warn(
            format!("a key signs for {}, and JWT_KEY_ROTATION is 0", length(age)),
            rotate,
        )),
        _ => {}
    }
    let age = length(age);
    Outcome::of(
        problems,
        format!("{}, signs for {age}", key.algorithm.name()),
    )
}

pub(crate) fn internal_ca(
    listed: Option<Result<Vec<Certificate>, CaError>>,
    now: Timestamp,
) -> Outcome {
    let certificates = match listed {
        None => return Outcome::skipped("INTERNAL_CA_DIR is not set here"),
        Some(Ok(certificates)) => certificates,
        Some(Err(error)) => {
            let found = app_shell::error_chain(&error);
            return Outcome::Wrong(vec![Problem::fail(found, NEW_CA)]);
        }
    };
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    for (purpose, what, renewed_by) in [
        ("ca", "the internal CA", NEW_CA),
        (
            "https",
            "the verifier's certificate",
            "just rotate-keys --only https",
        ),
    ] {
        let Some(own) = certificates.iter().find(|own| own.purpose == purpose) else {
            problems.push(Problem::fail(
                format!("{what} is missing or not usable"),
                "just generate-rsa-keys",
            ));
            continue;
        };
        let left = own.until.remaining(now);
        if own.until.has_passed(now) {
            problems.push(Problem::fail(format!("{what} has ended"), renewed_by));
        } else if left < NOT_RENEWED {
            problems.push(Problem::warn(
                format!("{what} ends in {} and was not renewed", length(left)),
                format!("{renewed_by}; docs/runbooks/certificates.md says why it was not"),
            ));
        }
        seen.push(format!("{what} {}", length(left)));
    }
    Outcome::of(problems, format!("left: {}", seen.join(", ")))
}

/// A private file, or a directory of such, and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guarded {
    pub(crate) path: PathBuf,
    pub(crate) mode: u32,
    pub(crate) is_directory: bool,
}

impl Guarded {
    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// What lies in these directories, as far as it can be seen.
pub(crate) fn private_files(directories: &[PathBuf]) -> Vec<Guarded> {
    let mut found = Vec::new();
    for directory in directories {
        found.extend(guarded(directory));
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        found.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| is_private(path))
                .filter_map(|path| guarded(&path)),
        );
    }
    found
}

/// `*.pem` and `*.key` hold private keys, `*.secret` the root secret, `*.db` the store.
fn is_private(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    path.is_file() && matches!(ending, Some("pem" | "key" | "secret"))
}

fn guarded(path: &Path) -> Option<Guarded> {
    let metadata = fs::metadata(path).ok()?;
    Some(Guarded {
        path: path.to_owned(),
        mode: metadata.permissions().mode() & 0o777,
        is_directory: metadata.is_dir(),
    })
}

pub(crate) fn key_files(files: &[Guarded]) -> Outcome {
    let kept = files.iter().filter(|file| !file.is_directory).count();
    if kept == 0 {
        return Outcome::skipped("no private key can be seen from here");
    }
    let problems = files.iter().filter_map(|file| {
        let (path, mode) = (file.path.display(), file.mode);
        if !file.is_directory && mode & 0o077 != 0 {
            let found = format!("{path} is open to others (mode {mode:03o})");
            Some(Problem::fail(found, format!("chmod 600 {path}")))
        } else if file.is_directory && mode & 0o022 != 0 {
            let found = format!("others may put keys into {path} (mode {mode:03o})");
            Some(Problem::fail(found, format!("chmod 700 {path}")))
        } else {
            None
        }
    });
    Outcome::of(
        problems.collect(),
        format!("{kept}, each its owner's alone"),
    )
}

/// The modes of `.env` and `gateway.toml` in a directory; where none is named, of the
/// `gateway.toml` that is read here.
pub(crate) fn env_file(project: Option<&Path>) -> Outcome {
    let files = [".env", SETTINGS_FILE].map(Path::new).into_iter();
    let files: Vec<_> = match project {
        Some(project) => files
            .filter_map(|name| guarded(&project.join(name)))
            .collect(),
        None => guarded(Path::new(SETTINGS_FILE)).into_iter().collect(),
    };
    if files.is_empty() {
        return Outcome::skipped(match project {
            Some(_) => "no .env can be seen there",
            None => "give --project, the directory of .env",
        });
    }
    let open = files.iter().filter(|file| file.mode & 0o077 != 0);
    let problems = open.map(|file| {
        let (name, mode) = (file.name(), file.mode);
        let found = format!("{name} is open to others (mode {mode:03o})");
        Problem::fail(found, format!("chmod 600 {name}"))
    });
    let names: Vec<_> = files.iter().map(Guarded::name).collect();
    Outcome::of(
        problems.collect(),
        format!("{}: its owner's alone", names.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const QUARTER: Option<Seconds> = Some(Seconds(90 * DAY));

    fn aged(days: u64, wanted: SigningAlgorithm, rotation: Option<Seconds>) -> Verdict {
        let key = ActiveKey {
            algorithm: SigningAlgorithm::Rs256,
            since: Timestamp(NOW.0 - days * DAY),
        };
        signing(Purpose::Tokens, Ok(Some(key)), wanted, rotation, NOW).verdict()
    }

    #[test]
    fn a_key_that_should_have_been_replaced_is_told() {
        let rs256 = SigningAlgorithm::Rs256;
        assert_eq!(aged(0, rs256, QUARTER), Verdict::Ok);
        assert_eq!(aged(96, rs256, QUARTER), Verdict::Ok);
        assert_eq!(aged(98, rs256, QUARTER), Verdict::Warn);
        assert_eq!(aged(98, rs256, None), Verdict::Ok);
        assert_eq!(aged(400, rs256, None), Verdict::Warn);
        assert_eq!(aged(0, SigningAlgorithm::Es256, QUARTER), Verdict::Warn);
    }

    #[test]
    fn a_certificate_that_ends_is_told() {
        let certificate = |purpose, days| Certificate {
            purpose,
            kid: "k".to_owned(),
            since: NOW,
            until: Timestamp(NOW.0 + days * DAY),
            made: false,
        };
        let of = |days| {
            let both = vec![certificate("ca", 3000), certificate("https", days)];
            internal_ca(Some(Ok(both)), NOW).verdict()
        };
        assert_eq!(of(60), Verdict::Ok);
        assert_eq!(of(20), Verdict::Warn);
        assert_eq!(of(0), Verdict::Fail);
        let alone = internal_ca(Some(Ok(vec![certificate("ca", 60)])), NOW);
        assert_eq!(alone.verdict(), Verdict::Fail);
    }

    #[test]
    fn files_that_others_can_read_are_told() {
        let file = |mode, is_directory| Guarded {
            path: "/keys/a.pem".into(),
            mode,
            is_directory,
        };
        let of = |mode, directory| key_files(&[file(mode, false), file(directory, true)]).verdict();
        assert_eq!(of(0o600, 0o755), Verdict::Ok);
        assert_eq!(of(0o640, 0o700), Verdict::Fail);
        assert_eq!(of(0o600, 0o770), Verdict::Fail);
        assert_eq!(key_files(&[]).verdict(), Verdict::Skipped);
    }

    #[test]
    fn a_file_of_settings_that_others_can_read_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let verdict = || env_file(Some(directory.path())).verdict();
        assert_eq!(verdict(), Verdict::Skipped);
        for name in [".env", "gateway.toml"] {
            let path = directory.path().join(name);
            fs::write(&path, "").unwrap();
            let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            mode(0o644);
            assert_eq!(verdict(), Verdict::Fail, "{name}");
            mode(0o600);
            assert_eq!(verdict(), Verdict::Ok, "{name}");
        }
    }
}
