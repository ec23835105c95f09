//! The machine and the programs, in words: a figure means nothing without them.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::tools::{Cores, tool};

/// One line for the machine and one for the versions. What cannot be found out is left out.
pub fn words() -> String {
    let cores = available_parallelism().map_or(1, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let memory: f64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let memory = memory / 1024.0 / 1024.0;
    let mut text = format!(
        "{processor}, {cores} processors, {memory:.0} GB, Linux {kernel}; load {load} at the start."
    );
    let commit = first_line(Command::new("git").args(["describe", "--always", "--dirty"]));
    let rustc = first_line(Command::new("rustc").arg("--version"));
    let versions = [
        commit.map(|commit| format!("commit {commit}")),
        rustc,
        version("traefik", "version", "Version:"),
        version("nginx", "-v", "nginx version:"),
        version("redis-server", "--version", "Redis server"),
        version("wrk", "-v", "wrk"),
        version("valgrind", "--version", ""),
    ];
    let versions: Vec<_> = versions.into_iter().flatten().collect();
    // Writing into a String cannot fail.
    let _ = write!(text, "\n{}.", versions.join("; "));
    text
}

/// Waits until the kernel has forgotten most of the connections that were closed. For a minute each
/// keeps a port, and Traefik opens so many to a plain-HTTP verifier that a run can use up all there
/// are; what it cannot open it answers by 500.
pub fn wait_for_ports() {
    /// Of the 28,000 or so that outgoing connections have.
    const ENOUGH: u32 = 12_000;
    const PATIENCE: Duration = Duration::from_secs(90);
    let begin = Instant::now();
    while closed_connections() > ENOUGH && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// In `TIME_WAIT`, as `TCP: … tw N …` of `/proc/net/sockstat` says.
fn closed_connections() -> u32 {
    let sockets = read("/proc/net/sockstat");
    let mut words = sockets.split_whitespace().skip_while(|word| *word != "tw");
    words
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or_default()
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(':')?;
    Some(value.trim().to_owned())
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

/// What a program says of its version, after `label`.
fn version(name: &str, argument: &str, label: &str) -> Option<String> {
    let output = tool(name, Cores::All).ok()?.arg(argument).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said
        .lines()
        .find(|line| line.trim_start().starts_with(label))?;
    let value = line.trim_start().strip_prefix(label)?.trim();
    let value = value.split(" sha=").next().unwrap_or(value);
    let value = value.split(" Copyright").next().unwrap_or(value).trim();
    Some(if value.contains(name.split('-').next().unwrap_or(name)) {
        value.to_owned()
    } else {
        format!("{name} {value}")
    })
}
