//! The other side: `mcp-server-fetch`, over its standard input and output.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Plan;
use crate::Outcome;
use crate::server::{family_cpu_of, peak_of};

/// A process and its only client.
pub struct Reference {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    calls: u64,
}

/// What either side is called with: all of the page that fits.
pub fn arguments(url: &str) -> Value {
    json!({ "url": url, "max_length": 999_999 })
}

/// The text of a good answer.
pub fn text(answer: &Value) -> Outcome<String> {
    let is_error = answer.pointer("/result/isError").and_then(Value::as_bool);
    let text = answer.pointer("/result/content/0/text");
    let text = text.and_then(Value::as_str).unwrap_or_default();
    if is_error == Some(true) || text.is_empty() {
        return Err(format!("not a good answer: {:.500}", answer.to_string()).into());
    }
    Ok(text.to_owned())
}

impl Reference {
    /// Starts one and shakes hands.
    pub async fn start(plan: &Plan) -> Outcome<Self> {
        let mut child = Command::new(&plan.reference)
            .arg("--allow-private-ips")
            .env_clear()
            .env("PATH", &plan.reference_path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", plan.reference.display()))?;
        let to = child.stdin.take().ok_or("no standard input")?;
        let from = child.stdout.take().ok_or("no standard output")?;
        let mut reference = Self {
            child,
            to,
            from: BufReader::new(from).lines(),
            calls: 0,
        };
        let initialize = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "bench", "version": "1" }
            }
        });
        reference.write(&initialize).await?;
        reference.read(0).await?;
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        reference.write(&initialized).await?;
        Ok(reference)
    }

    /// Calls the tool and returns the text of its answer.
    pub async fn fetch(&mut self, url: &str) -> Outcome<String> {
        self.calls += 1;
        let message = json!({
            "jsonrpc": "2.0", "id": self.calls, "method": "tools/call",
            "params": { "name": "fetch", "arguments": arguments(url) }
        });
        self.write(&message).await?;
        text(&self.read(self.calls).await?)
    }

    /// The processor time that it and what it started have used.
    pub fn cpu(&self) -> Outcome<Duration> {
        family_cpu_of(self.child.id().ok_or("the reference has ended")?)
    }

    /// The most memory that it ever had itself, in MB.
    pub fn peak(&self) -> Outcome<f64> {
        peak_of(self.child.id().ok_or("the reference has ended")?)
    }

    async fn write(&mut self, message: &Value) -> Outcome<()> {
        self.to.write_all(format!("{message}\n").as_bytes()).await?;
        Ok(self.to.flush().await?)
    }

    async fn read(&mut self, id: u64) -> Outcome<Value> {
        while let Some(line) = self.from.next_line().await? {
            let message: Value = serde_json::from_str(&line)?;
            if message.get("id").and_then(Value::as_u64) == Some(id) {
                return Ok(message);
            }
        }
        Err("the reference has ended".into())
    }
}
