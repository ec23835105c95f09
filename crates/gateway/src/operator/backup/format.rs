//! What is in a backup: an age file (age-encryption.org/v1) of JSON lines. The first says what it
//! is, the last how much there is; between them is one record on each. age tells of a file that was
//! changed or cut short; the last line tells of one that was never finished.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write};
use std::path::PathBuf;

use age::stream::{StreamReader, StreamWriter};
use serde::{Deserialize, Serialize};
use token_core::store::{Archived, ArchivedKind};
use token_core::{Issuer, Timestamp};

use super::super::progress::Progress;
use super::keys::{Identities, Recipients};

/// The version that is written, and the newest that is read. The second brought the marks of
/// deleted clients.
const VERSION: u32 = 2;

/// Longer than any record: bodies of 64 KiB are the most that a client sends.
const LONGEST_LINE: u64 = 1 << 20;

/// By which the file is known once it is decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "mcp-oauth-gateway-backup")]
    Backup,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    format: Format,
    version: u32,
    /// When it was begun.
    pub(super) created_at: Timestamp,
    /// The kind of store: `redis` or `sqlite`.
    pub(super) store: String,
    /// Whose tokens they are.
    pub(super) issuer: Issuer,
}

impl Header {
    pub(super) fn new(created_at: Timestamp, store: &str, issuer: &Issuer) -> Self {
        Self {
            format: Format::Backup,
            version: VERSION,
            created_at,
            store: store.to_owned(),
            issuer: issuer.clone(),
        }
    }
}

/// How many records there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) clients: u64,
    pub(super) access_tokens: u64,
    pub(super) refresh_tokens: u64,
    pub(super) marks: u64,
}

impl Counts {
    pub(super) fn add(&mut self, kind: ArchivedKind) {
        let count = match kind {
            ArchivedKind::Clients => &mut self.clients,
            ArchivedKind::AccessTokens => &mut self.access_tokens,
            ArchivedKind::RefreshTokens => &mut self.refresh_tokens,
            ArchivedKind::Marks => &mut self.marks,
        };
        *count += 1;
    }

    pub(super) fn total(self) -> u64 {
        self.clients + self.access_tokens + self.refresh_tokens + self.marks
    }
}

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// What there was.
    pub(super) end: Counts,
    /// How many records of the store could not be read.
    pub(super) unreadable: u64,
}

/// A backup that is being written.
pub(super) struct Writer<W: Write> {
    stream: StreamWriter<BufWriter<W>>,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(
        to: W,
        recipients: &Recipients,
        header: &Header,
    ) -> Result<Self, Box<dyn Error>> {
        let encryptor = age::Encryptor::with_recipients(recipients.iter())?;
        let mut writer = Self {
            stream: encryptor.wrap_output(BufWriter::new(to))?,
            counts: Counts::default(),
        };
        writer.line(header)?;
        Ok(writer)
    }

    pub(super) fn record(&mut self, record: &Archived) -> io::Result<()> {
        self.line(record)?;
        self.counts.add(record.kind());
        Ok(())
    }

    pub(super) fn end(mut self, unreadable: u64) -> io::Result<Counts> {
        let counts = self.counts;
        self.line(&End {
            end: counts,
            unreadable,
        })?;
        self.stream.finish()?.flush()?;
        Ok(counts)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.stream, value)?;
        self.stream.write_all(b"\n")
    }
}

/// A backup's file with the key to it. It stays open, so that each reading of it is of the same.
pub(super) struct Backup {
    pub(super) path: PathBuf,
    file: File,
    identities: Identities,
}

impl Backup {
    pub(super) fn open(path: PathBuf, identities: Identities) -> Result<Self, Box<dyn Error>> {
        let file = File::open(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok(Self {
            path,
            file,
            identities,
        })
    }

    /// Reads it from end to end: what it is and how much there is in it.
    ///
    /// # Errors
    /// It is not whole, or not as it was written.
    pub(super) fn verified(&self) -> Result<(Header, End), Box<dyn Error>> {
        let (header, mut reader) = self.read()?;
        let mut progress = Progress::over(self.file.metadata()?.len(), "reading");
        while reader.next()?.is_some() {
            progress.advance(reader.length);
        }
        let end = reader.end.ok_or_else(|| self.refused("it has no end"))?;
        Ok((header, end))
    }

    /// Begins to read it.
    pub(super) fn read(&self) -> Result<(Header, Reader<'_>), Box<dyn Error>> {
        let mut file = &self.file;
        file.rewind()?;
        let decryptor = age::Decryptor::new_buffered(BufReader::new(file))
            .map_err(|_| self.refused("it is no age file, or was cut short"))?;
        let identities = self.identities.iter().map(AsRef::as_ref);
        let lines = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => {
                self.refused("it is encrypted to another key than that of --identity")
            }
            _ => self.refused("its beginning was changed"),
        })?;
        let mut reader = Reader {
            backup: self,
            lines: BufReader::new(lines),
            number: 0,
            length: 0,
            seen: Counts::default(),
            end: None,
        };
        let first = reader.line()?;
        let Version { version, .. } = serde_json::from_str(&first)
            .map_err(|_| self.refused("it was not written by `gateway backup create`"))?;
        if version > VERSION {
            return Err(self.refused(&format!(
                "its format is {version}, and this gateway reads up to {VERSION}: use a newer one"
            )));
        }
        let header = serde_json::from_str(&first)
            .map_err(|_| self.refused("its first line is not as it was written"))?;
        Ok((header, reader))
    }

    fn refused(&self, why: &str) -> Box<dyn Error> {
        format!("{} cannot be used: {why}", self.path.display()).into()
    }
}

/// What every version's first line has.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "format")]
    _format: Format,
    version: u32,
}

/// The records of a backup, one after the other.
pub(super) struct Reader<'a> {
    backup: &'a Backup,
    lines: BufReader<StreamReader<BufReader<&'a File>>>,
    number: u64,
    /// Of the last line, in bytes.
    length: u64,
    seen: Counts,
    end: Option<End>,
}

impl Reader<'_> {
    /// The next record; `None` after the last, when all that should be there was.
    pub(super) fn next(&mut self) -> Result<Option<Archived>, Box<dyn Error>> {
        if self.end.is_some() {
            return Ok(None);
        }
        let line = self.line()?;
        if let Ok(record) = serde_json::from_str::<Archived>(&line) {
            self.seen.add(record.kind());
            return Ok(Some(record));
        }
        let end: End = serde_json::from_str(&line).map_err(|_| {
            let number = self.number;
            self.backup
                .refused(&format!("line {number} is not as it was written"))
        })?;
        let mut more = [0];
        if end.end != self.seen || self.lines.read(&mut more)? > 0 {
            return Err(self
                .backup
                .refused("it has not the records that its end counts"));
        }
        self.end = Some(end);
        Ok(None)
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        self.number += 1;
        let mut line = String::new();
        let read = (&mut self.lines).take(LONGEST_LINE).read_line(&mut line);
        match read {
            Ok(length) if line.ends_with('\n') => {
                self.length = length as u64;
                Ok(line)
            }
            _ => Err(self.backup.refused(&format!(
                "it was changed or cut short before the end of line {}",
                self.number
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use age::x25519::Identity;

    use super::*;

    struct World {
        directory: tempfile::TempDir,
        identity: Identity,
    }

    impl World {
        fn new() -> Self {
            Self {
                directory: tempfile::tempdir().unwrap(),
                identity: Identity::generate(),
            }
        }

        fn encrypt(&self, lines: &[&str]) -> Vec<u8> {
            let recipient = self.identity.to_public();
            let recipients = std::iter::once(&recipient as &dyn age::Recipient);
            let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
            let mut stream = encryptor.wrap_output(Vec::new()).unwrap();
            for line in lines {
                writeln!(stream, "{line}").unwrap();
            }
            stream.finish().unwrap()
        }

        fn complaint(&self, file: &[u8]) -> Option<String> {
            let path = self.directory.path().join("backup.age");
            fs::write(&path, file).unwrap();
            let backup = Backup::open(path, vec![Box::new(self.identity.clone())]).unwrap();
            backup.verified().err().map(|error| error.to_string())
        }
    }

    const HEAD: &str = r#"{"format":"mcp-oauth-gateway-backup","version":1,"created_at":1,"store":"redis","issuer":"https://auth.example.com"}"#;
    const MARK: &str =
        r#"{"record":"ended_grant","grant":"gggggggggggggggggggggg","expires_at":9}"#;

    fn end(marks: u64) -> String {
        format!(
            r#"{{"end":{{"clients":0,"access_tokens":0,"refresh_tokens":0,"marks":{marks}}},"unreadable":0}}"#
        )
    }

    #[test]
    fn what_is_whole_is_read_and_nothing_else() {
        let world = World::new();
        let whole = world.encrypt(&[HEAD, MARK, &end(1)]);
        assert_eq!(world.complaint(&whole), None);
        let newer = HEAD.replace(":1,\"created_at\":1", ":3,\"new\":1");
        for (lines, word) in [
            (&[HEAD, MARK][..], "cut short"),
            (&[HEAD], "cut short"),
            (&[], "cut short"),
            (&[HEAD, MARK, &end(2)], "its end counts"),
            (&[HEAD, MARK, &end(1), MARK], "its end counts"),
            (&[HEAD, "{}", &end(0)], "line 2"),
            (&["{}", &end(0)], "not written by"),
            (&[&newer, &end(0)], "newer"),
        ] {
            let complaint = world.complaint(&world.encrypt(lines)).unwrap();
            assert!(complaint.contains(word), "{lines:?}: {complaint}");
        }
    }

    #[test]
    fn a_changed_byte_and_every_cut_are_refused() {
        let world = World::new();
        let whole = world.encrypt(&[HEAD, MARK, &end(1)]);
        for at in 0..whole.len() {
            assert!(world.complaint(&whole[..at]).is_some(), "cut at {at}");
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(world.complaint(&changed).is_some(), "changed at {at}");
        }
        let other = World::new();
        let complaint = other.complaint(&whole).unwrap();
        assert!(complaint.contains("another key"), "{complaint}");
    }
}
