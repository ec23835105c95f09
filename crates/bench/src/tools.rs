//! The programs that a measurement starts: ours from beside this one, the others from the machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

use crate::Outcome;

/// A program of the machine, and the Debian package that has it. Traefik is in none: the tests
/// bring the pinned one.
const TOOLS: [(&str, &str); 7] = [
    ("wrk", "wrk"),
    ("nginx", "nginx-light"),
    ("redis-server", "redis-server"),
    ("valgrind", "valgrind"),
    ("taskset", "util-linux"),
    ("openssl", "openssl"),
    ("traefik", ""),
];

/// Where programs are looked for: where Debian has them, and where `scripts/install-tools` puts
/// the rest.
const PLACES: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", ".venv/bin"];

/// Which processors a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// Every one.
    All,
    /// The first alone: a service finds one processor then, and has one worker.
    First,
    /// All but the first, where there are several: for whoever asks a service on the first.
    Others,
}

impl Cores {
    /// As `taskset` takes them; none where every one may be used.
    fn list(self) -> Option<String> {
        let processors = available_parallelism().map_or(1, usize::from);
        match self {
            Self::First => Some("0".to_owned()),
            Self::Others if processors > 1 => Some(format!("1-{}", processors - 1)),
            Self::All | Self::Others => None,
        }
    }
}

/// Fails in one line where a program is missing, with what installs it.
pub fn check() -> Outcome<()> {
    let missing: Vec<_> = TOOLS
        .iter()
        .filter(|(name, _)| find(name).is_err())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
    let packages: Vec<_> = missing
        .iter()
        .map(|(_, package)| *package)
        .filter(|package| !package.is_empty())
        .collect();
    let mut mends = Vec::new();
    if !packages.is_empty() {
        mends.push(format!("apt-get install {}", packages.join(" ")));
    }
    if packages.len() < missing.len() {
        mends.push("scripts/install-tools".to_owned());
    }
    Err(format!("{} missing: {}", names.join(", "), mends.join(" && ")).into())
}

/// A program of the machine, with no environment but what it is given.
pub fn tool(name: &str, cores: Cores) -> Outcome<Command> {
    Ok(held(&find(name)?, cores))
}

/// A program of this workspace, with no environment but what it is given.
pub fn ours(name: &str, cores: Cores) -> Outcome<Command> {
    Ok(held(&our_path(name)?, cores))
}

/// Where a program of this workspace is: built beside this one.
pub fn our_path(name: &str) -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is not built", path.display()).into())
    }
}

fn find(name: &str) -> Outcome<PathBuf> {
    let mut candidates = PLACES.iter().map(|place| Path::new(place).join(name));
    let path = candidates.find(|path| path.exists());
    let path = path.ok_or_else(|| format!("{name} is not installed"))?;
    // Links stay: redis-server is one, and goes by its name.
    Ok(std::path::absolute(path)?)
}

/// Holds this thread to these processors.
pub fn hold_this_thread(cores: Cores) -> Outcome<()> {
    let own = std::fs::read_link("/proc/thread-self")?;
    hold(own.file_name().ok_or("no thread")?, cores)
}

/// Holds a process or a thread that runs already to these processors.
pub fn hold(id: impl AsRef<OsStr>, cores: Cores) -> Outcome<()> {
    let Some(list) = cores.list() else {
        return Ok(());
    };
    let output = tool("taskset", Cores::All)?
        .args(["-p", "-c", &list])
        .arg(id)
        .output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

/// `taskset` becomes the program, so that its process id is the program's.
fn held(program: &Path, cores: Cores) -> Command {
    let mut command = match cores.list() {
        None => Command::new(program),
        Some(list) => {
            let mut command = Command::new("/usr/bin/taskset");
            command.args(["-c", &list]).arg(program);
            command
        }
    };
    command.env_clear();
    command
}
