//! The audit trail, record by record.

use std::error::Error;

use token_core::Timestamp;
use token_core::store::TrailRecord;

use super::system::System;

/// Gives every record since then to `take`, the oldest first, a batch in memory at a time.
pub(crate) async fn each(
    system: &System,
    since: Timestamp,
    mut take: impl FnMut(&TrailRecord),
) -> Result<(), Box<dyn Error>> {
    let (mut from, mut unreadable) = (None, 0);
    loop {
        let batch = system.store.trail(from.as_ref(), since).await?;
        batch.items.iter().for_each(&mut take);
        unreadable += batch.unreadable.len() as u64;
        from = batch.next;
        if from.is_none() {
            system.note_unreadable("the audit trail", unreadable);
            return Ok(());
        }
    }
}

/// What a client looks like, in words.
pub(crate) fn in_words(looks_like: &str) -> &str {
    match looks_like {
        "claude" => "Claude",
        "claude_code" => "Claude Code",
        "chat_gpt" => "ChatGPT",
        "codex" => "Codex",
        "vs_code" => "VS Code",
        "cursor" => "Cursor",
        "zed" => "Zed",
        "open_code" => "OpenCode",
        "inspector" => "MCP Inspector",
        "mcp_remote" => "like mcp-remote",
        "local" => "a local program",
        "app" => "an app",
        "web" => "a web site",
        "device" => "a device",
        other => other,
    }
}
