//! What a person sees in the terminal once the gateway is ready.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use token_core::{Issuer, ResourceId};

use crate::data_directory::DataDirectory;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const LINK: Style = AnsiColor::Cyan.on_default().bold();
const SECRET: Style = AnsiColor::Yellow.on_default().bold();

/// How one signs in.
pub(crate) enum SignIn {
    GitHub,
    /// `LOCAL_PASSPHRASE`, which the operator knows.
    OwnPassphrase,
    /// One that was made for this run. It is printed here and nowhere else.
    MadePassphrase(String),
}

pub(crate) struct StartPage<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) resource: &'a ResourceId,
    pub(crate) data: &'a DataDirectory,
    pub(crate) sign_in: SignIn,
}

impl StartPage<'_> {
    /// Prints the page; colours go where the output is no terminal or `NO_COLOR` is set.
    pub(crate) fn print(&self) {
        // Nobody reading it does not keep the gateway from working.
        let _ = writeln!(anstream::stdout(), "{self}");
    }
}

impl Display for StartPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(f)?;
        writeln!(
            f,
            "  {FAINT}┌┬┬┬┐{FAINT:#}  {STRONG}MCP OAuth Gateway{STRONG:#} {FAINT}{version}{FAINT:#}"
        )?;
        writeln!(f, "  {FAINT}├┼┼┼┤{FAINT:#}  ready")?;
        writeln!(f)?;
        row(f, "MCP URL", &format!("{LINK}{}{LINK:#}", self.resource))?;
        self.write_sign_in(f)?;
        writeln!(f)?;
        heading(f, "Paste into your client")?;
        row(
            f,
            "Claude Code",
            &format!("claude mcp add --transport http fetch {}", self.resource),
        )?;
        row(
            f,
            "VS Code",
            &format!("code --add-mcp '{}'", self.vs_code()),
        )?;
        row(
            f,
            "Inspector",
            &format!(
                "npx @modelcontextprotocol/inspector {FAINT}then connect to the URL above{FAINT:#}"
            ),
        )?;
        writeln!(f)?;
        heading(f, "Good to know")?;
        row(
            f,
            "Data",
            &format!(
                "{} {FAINT}clients, tokens and keys; they survive a restart{FAINT:#}",
                self.data.path().display()
            ),
        )?;
        row(
            f,
            "Status",
            &format!("{} {FAINT}in a browser{FAINT:#}", self.issuer),
        )?;
        row(f, "Production", "docs/production.md")?;
        row(f, "Stop", "Ctrl-C")
    }
}

impl StartPage<'_> {
    fn write_sign_in(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sign_in {
            SignIn::GitHub => row(f, "Sign in", "with GitHub"),
            SignIn::OwnPassphrase => row(f, "Sign in", "with your LOCAL_PASSPHRASE"),
            SignIn::MadePassphrase(passphrase) => row(
                f,
                "Passphrase",
                &format!(
                    "{SECRET}{passphrase}{SECRET:#} {FAINT}for this run, to sign in with{FAINT:#}"
                ),
            ),
        }
    }

    fn vs_code(&self) -> String {
        serde_json::json!({ "name": "fetch", "type": "http", "url": self.resource }).to_string()
    }
}

fn heading(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "  {STRONG}{text}{STRONG:#}")
}

/// A label and its value. The label is padded before it is coloured, so that values line up.
fn row(f: &mut fmt::Formatter<'_>, label: &str, value: &str) -> fmt::Result {
    let mut padded = String::new();
    write!(padded, "{label:<12}")?;
    writeln!(f, "  {FAINT}{padded}{FAINT:#} {value}")
}
