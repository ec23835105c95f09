//! Where backups lie, under names that sort by their time.

use std::error::Error;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use token_core::Timestamp;

use crate::utc::utc;

const PREFIX: &str = "gateway-";
const SUFFIX: &str = ".age";

/// `BACKUP_DIR`.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The backups that are there, the oldest first.
    pub(super) fn list(&self) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.complaint("read", &error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.complaint("read", &error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }

    /// The one that is named, by its path or by its name here; the newest where none is.
    pub(super) fn find(&self, named: Option<&Path>) -> Result<PathBuf, Box<dyn Error>> {
        let Some(named) = named else {
            return self.list()?.pop().ok_or_else(|| {
                format!(
                    "there is no backup in {}: `gateway backup create` makes one; BACKUP_DIR \
                     says where they are",
                    self.0.display()
                )
                .into()
            });
        };
        let here = self.0.join(named);
        let ways = [named.to_owned(), here];
        ways.into_iter().find(|path| path.is_file()).ok_or_else(|| {
            format!(
                "there is no backup {}, neither by that path nor in {}",
                named.display(),
                self.0.display()
            )
            .into()
        })
    }

    /// A file for a new one, taken at `now`.
    pub(super) fn begin(&self, now: Timestamp) -> Result<Unfinished, Box<dyn Error>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|error| self.complaint("made", &error))?;
        let time = utc(now).replace(['-', ':'], "");
        let finished = self.0.join(format!("{PREFIX}{time}{SUFFIX}"));
        let unfinished = self.0.join(format!(".{PREFIX}{time}.unfinished"));
        if finished.exists() {
            return Err(format!("{} is there already: try again", finished.display()).into());
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(|error| self.complaint("written", &error))?;
        Ok(Unfinished {
            path: unfinished,
            finished,
            file,
        })
    }

    fn complaint(&self, what: &str, error: &io::Error) -> Box<dyn Error> {
        let path = self.0.display();
        format!("BACKUP_DIR: {path} cannot be {what}: {error}").into()
    }
}

/// A backup that is being written: gone, unless it is finished.
pub(super) struct Unfinished {
    path: PathBuf,
    finished: PathBuf,
    file: File,
}

impl Unfinished {
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, once all of it is on the disk.
    pub(super) fn finish(self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.finished)?;
        if let Some(directory) = self.finished.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(self.finished.clone())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `finish` there is none of this name.
        let _ = fs::remove_file(&self.path);
    }
}
