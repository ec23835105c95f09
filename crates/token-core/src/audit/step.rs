//! A step of a login, as the authorization server saw it: what `gateway trace` puts together.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Network;
use crate::client::Client;
use crate::entropy::{Entropy, NoEntropy};
use crate::identifiers::{ClientId, GrantId};
use crate::redirect_uri::{RedirectUri, Target};
use crate::text::InvalidText;

/// What a person can read out: `K7QM-2XWD`. It names a login, or an error page, and opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// Crockford's: without I, L, O and U, which are misread or make words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HALF: usize = 4;

impl Reference {
    /// A new one, of 40 bits.
    ///
    /// # Errors
    /// No randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = [0; 2 * HALF];
        entropy.fill(&mut bytes)?;
        let letters = bytes.map(|byte| {
            let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len());
            char::from(letter.copied().unwrap_or(b'0'))
        });
        let (one, other) = letters.split_at(HALF);
        let text = |half: &[char]| half.iter().collect::<String>();
        Ok(Self(format!("{}-{}", text(one), text(other))))
    }

    /// Reads one as people write it: in any case, with or without the hyphen, O for 0, I and L
    /// for 1.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let letters: String = text
            .trim()
            .chars()
            .filter(|c| *c != '-')
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect();
        let is_one =
            letters.len() == 2 * HALF && letters.bytes().all(|letter| ALPHABET.contains(&letter));
        match letters.split_at_checked(HALF).filter(|_| is_one) {
            Some((one, other)) => Ok(Self(format!("{one}-{other}"))),
            None => Err(InvalidText {
                what: "reference",
                expected: "eight letters and digits such as K7QM-2XWD",
            }),
        }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        Self::parse(&text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The client read what the authorization server can do.
    Discovery,
    /// The client registered itself.
    Registration,
    /// The person was asked for consent.
    Authorize,
    /// The person decided.
    Consent,
    /// The person came back from whoever names people.
    SignIn,
    /// The client fetched its first tokens.
    Token,
    /// The client renewed its tokens; recorded where that failed.
    Renewal,
    /// A page that is none of these; recorded where it shows an error.
    Page,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginStep {
    /// Which.
    pub step: Step,
    /// The login that it belongs to: made when the person is asked, and carried to the return
    /// from the sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<Reference>,
    /// The session that comes of it: from the sign-in on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// The client, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What the client looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<LooksLike>,
    /// What asked: the client, or the person's browser.
    pub agent: Agent,
    /// Where from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// How it failed, in one word; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The same as the client's developer is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'static str>,
    /// What the error page shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// A program by the beginning of its `User-Agent`; of the rest nothing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// A web browser.
    Browser,
    /// Anthropic's hosted clients.
    Claude,
    /// Claude Code.
    ClaudeCode,
    /// `OpenAI`'s hosted clients.
    ChatGpt,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// A program on Node.js.
    Node,
    /// A program in Python.
    Python,
    /// A program in Go.
    Go,
    /// A program in Rust.
    Rust,
    /// curl.
    Curl,
    /// Another one.
    Other,
    /// It does not say.
    Silent,
}

impl Agent {
    /// By the header.
    pub fn of(user_agent: Option<&str>) -> Self {
        const KNOWN: [(&str, Agent); 19] = [
            ("claude-code", Agent::ClaudeCode),
            ("claude", Agent::Claude),
            ("anthropic", Agent::Claude),
            ("openai", Agent::ChatGpt),
            ("chatgpt", Agent::ChatGpt),
            ("cursor", Agent::Cursor),
            ("visual studio code", Agent::VsCode),
            ("vscode", Agent::VsCode),
            ("mozilla", Agent::Browser),
            ("node", Agent::Node),
            ("undici", Agent::Node),
            ("axios", Agent::Node),
            ("mcp-remote", Agent::Node),
            ("python", Agent::Python),
            ("aiohttp", Agent::Python),
            ("go-http", Agent::Go),
            ("reqwest", Agent::Rust),
            ("rmcp", Agent::Rust),
            ("curl", Agent::Curl),
        ];
        let Some(given) = user_agent.map(str::trim).filter(|given| !given.is_empty()) else {
            return Self::Silent;
        };
        let given: String = given.chars().take(64).collect::<String>().to_lowercase();
        let mut known = KNOWN.iter().filter(|(begins, _)| given.starts_with(begins));
        known.next().map_or(Self::Other, |(_, agent)| *agent)
    }
}

/// A client that is known by its shape. What it calls itself proves nothing; its redirect URI and
/// the address of its document do, as far as they are on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LooksLike {
    /// claude.ai, in the browser, on the desk and on the phone.
    Claude,
    /// Claude Code.
    ClaudeCode,
    /// `ChatGPT`.
    ChatGpt,
    /// Codex.
    Codex,
    /// Visual Studio Code.
    VsCode,
    /// Cursor.
    Cursor,
    /// Zed.
    Zed,
    /// `OpenCode`.
    OpenCode,
    /// The MCP Inspector.
    Inspector,
    /// A program on the person's computer that listens at `/oauth/callback`, as mcp-remote and
    /// Gemini CLI do.
    McpRemote,
    /// Another program on the person's computer.
    Local,
    /// An application with a scheme of its own.
    App,
    /// Another web site.
    Web,
    /// A device, or a machine.
    Device,
}

impl LooksLike {
    /// By the client's identifier and redirect URIs.
    pub fn of(client: &Client) -> Self {
        let id = client.client_id.as_str();
        let documents = [
            ("https://claude.ai/oauth/claude-code", Self::ClaudeCode),
            ("https://claude.ai/", Self::Claude),
            ("https://chatgpt.com/oauth/codex/", Self::Codex),
            ("https://chatgpt.com/", Self::ChatGpt),
            ("https://vscode.dev/", Self::VsCode),
            ("https://zed.dev/", Self::Zed),
            ("https://opencode.ai/", Self::OpenCode),
        ];
        let document = documents.iter().find(|(begins, _)| id.starts_with(begins));
        if let Some((_, known)) = document {
            return *known;
        }
        let uris = &client.redirect_uris;
        uris.iter()
            .find_map(Self::of_known)
            .or_else(|| uris.first().map(Self::of_kind))
            .unwrap_or(Self::Device)
    }

    fn of_known(uri: &RedirectUri) -> Option<Self> {
        match uri.target() {
            Target::Web(host) => match host.as_str() {
                "claude.ai" | "claude.com" => Some(Self::Claude),
                "chatgpt.com" => Some(Self::ChatGpt),
                "vscode.dev" | "insiders.vscode.dev" => Some(Self::VsCode),
                "www.cursor.com" => Some(Self::Cursor),
                _ => None,
            },
            Target::App(scheme) => (scheme == "cursor").then_some(Self::Cursor),
            Target::Loopback { .. } => {
                let is_at = |port: &str| uri.as_str().contains(&format!(":{port}/"));
                (is_at("6274") || is_at("6276")).then_some(Self::Inspector)
            }
        }
    }

    fn of_kind(uri: &RedirectUri) -> Self {
        match uri.target() {
            Target::Web(_) => Self::Web,
            Target::App(_) => Self::App,
            Target::Loopback { path_and_query, .. } if path_and_query == "/oauth/callback" => {
                Self::McpRemote
            }
            Target::Loopback { .. } => Self::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_reference_is_read_as_people_write_it() {
        let reference = Reference::generate(&SystemEntropy::new()).unwrap();
        assert_eq!(Reference::parse(reference.as_str()), Ok(reference.clone()));
        let parse = |text| Reference::parse(text).map(String::from);
        assert_eq!(parse(" k7qm2xwd "), Ok("K7QM-2XWD".to_owned()));
        assert_eq!(parse("OIL0-0000"), Ok("0110-0000".to_owned()));
        for wrong in ["", "K7QM-2XW", "K7QM-2XWDD", "K7QM-2XWU", "ÄÖÜ1-2345"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let json = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&json).unwrap(), reference);
    }

    #[test]
    fn an_agent_is_told_by_its_beginning() {
        for (header, agent) in [
            ("claude-code/2.1.0 (cli)", Agent::ClaudeCode),
            ("Claude-User", Agent::Claude),
            ("Mozilla/5.0 (X11; Linux x86_64)", Agent::Browser),
            ("node", Agent::Node),
            ("python-httpx/0.28", Agent::Python),
            ("my program, which is not curl", Agent::Other),
        ] {
            assert_eq!(Agent::of(Some(header)), agent, "{header}");
        }
        assert_eq!(Agent::of(None), Agent::Silent);
        assert_eq!(Agent::of(Some(" ")), Agent::Silent);
    }
}
