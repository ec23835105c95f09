//! What is done to the files of a deployment, on a copy of them.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod doctor;
mod secrets;
mod service_add;
mod settings_file;
mod setup;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A copy of what a deployment's files are changed by and made from.
struct Deployment(TempDir);

impl Deployment {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        for directory in ["scripts", "traefik/dynamic"] {
            fs::create_dir_all(copy.path().join(directory)).unwrap();
        }
        for file in [
            ".env.example",
            "docker-compose.yml",
            "scripts/generate-secrets",
            "traefik/dynamic/gateway.yml",
        ] {
            fs::copy(root.join(file), copy.path().join(file)).unwrap();
        }
        copy
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }

    /// The value in `.env`.
    fn setting(&self, name: &str) -> String {
        let begin = format!("{name}=");
        let text = self.text(".env");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.unwrap_or_default().to_owned()
    }

    /// Every file, so that none is left lying about.
    fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn is_private(&self, file: &str) -> bool {
        let metadata = fs::metadata(self.path().join(file)).unwrap();
        metadata.permissions().mode() & 0o777 == 0o600
    }

    fn gateway(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_gateway"))
            .env_clear()
            .envs(settings.iter().copied())
            .current_dir(self.path())
            .args(arguments)
            .output()
            .expect("gateway starts")
    }
}

/// All that was printed.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text))
        .concat()
}
