//! What programs read of an answer: MCP's structured content. It says the same as the text, and
//! holds the text too, since some clients hand a model one of the two and some the other
//! (`docs/decisions/0016-structured-content-holds-the-text.md`).

use schemars::JsonSchema;
use serde::Serialize;

/// The answer of `fetch`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FetchOutput {
    /// The URL that answered, after redirects.
    pub(crate) url: String,
    /// Its HTTP status.
    pub(crate) status: u16,
    /// The media type of the page.
    pub(crate) content_type: String,
    /// The size of the page in bytes, decompressed.
    pub(crate) bytes: usize,
    /// The page was larger than the limit; only its beginning was read.
    pub(crate) body_truncated: bool,
    /// The title of the page, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// What `content` is: `markdown`, `text`, `as served`, and so on.
    pub(crate) shown_as: &'static str,
    /// Names the whole of what is read, by a digest of it: parts that have the same join, and parts
    /// that have not are of different texts.
    pub(crate) snapshot: String,
    /// The first character shown.
    pub(crate) start_index: usize,
    /// The character after the last one shown.
    pub(crate) end_index: usize,
    /// Characters in all.
    pub(crate) total_characters: usize,
    /// There is more after `end_index`.
    pub(crate) truncated: bool,
    /// Where to go on with whole blocks; at `end_index` or a little before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_start_index: Option<usize>,
    /// What is remarkable about the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// What the content is not.
    pub(crate) warning: &'static str,
    /// The characters shown; empty for an image.
    pub(crate) content: String,
}
