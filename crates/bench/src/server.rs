//! A program that runs beside this one: what it uses of the machine, and its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Of `/proc/PID/stat`: the kernel counts processor time in hundredths of a second for everybody.
const TICK: Duration = Duration::from_millis(10);

/// How long a program may take to end once it is asked to.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running program; dropped, it is killed and waited for.
#[derive(Debug)]
pub struct Server {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command`. What it prints goes to a file in `directory`.
    pub fn start(name: &str, mut command: Command, directory: &Path) -> Outcome<Self> {
        let log = directory.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let name = name.to_owned();
        Ok(Self { name, child, log })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has used, in the kernel and outside, by all its threads.
    pub fn cpu(&self) -> Outcome<Duration> {
        cpu_of(self.pid())
    }

    /// Its resident memory now, in MB.
    pub fn resident(&self) -> Outcome<f64> {
        memory_of(self.pid(), "VmRSS:")
    }

    /// The most that was ever resident, in MB.
    pub fn peak(&self) -> Outcome<f64> {
        peak_of(self.pid())
    }

    /// Fails with the end of its log where it has ended by itself.
    pub fn must_run(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.said(&format!("ended: {status}")).into()),
        }
    }

    /// Waits until `check` says yes.
    pub fn wait_until(&mut self, what: &str, mut check: impl FnMut() -> bool) -> Outcome<()> {
        let begin = Instant::now();
        while !check() {
            self.must_run()?;
            if begin.elapsed() > PATIENCE {
                return Err(self.said(&format!("never {what}")).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks it to end as an operator does, and waits for that.
    pub fn stop(mut self) -> Outcome<ExitStatus> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(self.said("does not end").into())
    }

    fn said(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        let end: Vec<_> = lines.into_iter().rev().collect();
        format!("{} {what}; it said:\n{}", self.name, end.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory of a process that was ever resident, in MB.
pub fn peak_of(pid: u32) -> Outcome<f64> {
    memory_of(pid, "VmHWM:")
}

fn memory_of(pid: u32, name: &str) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = value.and_then(|value| value.split_whitespace().next());
    let kilobytes: f64 = kilobytes.ok_or_else(|| format!("no {name}"))?.parse()?;
    Ok(kilobytes / 1024.0)
}

/// The processor time that a process has used, in the kernel and outside, by all its threads, those
/// that have ended included.
pub fn cpu_of(pid: u32) -> Outcome<Duration> {
    ticks(pid, 2)
}

/// That, and what the processes have used that it started and that have ended.
pub fn family_cpu_of(pid: u32) -> Outcome<Duration> {
    ticks(pid, 4)
}

/// The sum of the first of `utime`, `stime`, `cutime` and `cstime`.
fn ticks(pid: u32, first: usize) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name is in brackets and may hold anything; what follows has one blank between.
    let (_, fields) = stat.rsplit_once(") ").ok_or("an unknown /proc/PID/stat")?;
    let times = fields.split(' ').skip(11).take(first);
    let times: Vec<u32> = times.map(str::parse).collect::<Result<_, _>>()?;
    if times.len() < first {
        return Err("an unknown /proc/PID/stat".into());
    }
    Ok(TICK * times.iter().sum())
}
