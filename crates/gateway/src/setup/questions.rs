//! What is asked, and which answers make sense.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use console::Term;
use token_core::ResourceId;
use token_core::admission::AllowedUsers;

/// A setting that only the operator knows.
pub(super) struct Question {
    pub(super) name: &'static str,
    text: &'static str,
    is_secret: bool,
    /// Says what is wrong with an answer, and never repeats it.
    check: fn(&str) -> Result<(), String>,
}

pub(super) const QUESTIONS: [Question; 5] = [
    Question {
        name: "BASE_DOMAIN",
        text: "Domain of the gateway; its names will be auth.DOMAIN and one for each MCP service",
        is_secret: false,
        check: domain,
    },
    Question {
        name: "ACME_EMAIL",
        text: "E-mail address for Let's Encrypt, which writes if a certificate is about to expire",
        is_secret: false,
        check: email,
    },
    Question {
        name: "GITHUB_CLIENT_ID",
        text: "Client ID of your OAuth app at GitHub (https://github.com/settings/developers), \
               whose callback URL is https://auth.DOMAIN/callback",
        is_secret: false,
        check: word,
    },
    Question {
        name: "GITHUB_CLIENT_SECRET",
        text: "Client secret of that app; it is not shown",
        is_secret: true,
        check: word,
    },
    Question {
        name: "ALLOWED_GITHUB_USERS",
        text: "Who may sign in: GitHub logins or id:NUMBER, separated by commas; * is anybody",
        is_secret: false,
        check: users,
    },
];

impl Question {
    /// Asks until an answer makes sense; an empty one is the one of before.
    pub(super) fn ask(&self, before: Option<&str>) -> io::Result<String> {
        let terminal = Term::stderr();
        loop {
            let shown = match before {
                Some(_) if self.is_secret => " [as before]".to_owned(),
                Some(before) => format!(" [{before}]"),
                None => String::new(),
            };
            write!(&terminal, "{}{shown}: ", self.text)?;
            let answer = self.read(&terminal)?;
            let answer = match (answer.trim(), before) {
                ("", Some(before)) => before.to_owned(),
                (answer, _) => answer.to_owned(),
            };
            match (self.check)(&answer) {
                Ok(()) => return Ok(answer),
                Err(problem) => terminal.write_line(&problem)?,
            }
        }
    }

    fn read(&self, terminal: &Term) -> io::Result<String> {
        if self.is_secret {
            return terminal.read_secure_line();
        }
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// An answer that nobody was asked for.
    pub(super) fn checked(&self, answer: &str) -> Result<String, Box<dyn Error>> {
        let answer = answer.trim();
        (self.check)(answer).map_err(|problem| format!("{}: {problem}", self.name))?;
        Ok(answer.to_owned())
    }
}

fn domain(text: &str) -> Result<(), String> {
    let host = format!("auth.{text}");
    let url = ResourceId::parse(format!("https://{host}/mcp"));
    if text.contains('.') && url.is_ok_and(|url| url.host() == host) {
        return Ok(());
    }
    Err("write the name alone, in lower case, such as example.com".to_owned())
}

fn email(text: &str) -> Result<(), String> {
    match text.split_once('@') {
        Some((who, host)) if !who.is_empty() && host.contains('.') && word(text).is_ok() => Ok(()),
        _ => Err("that is no e-mail address".to_owned()),
    }
}

fn word(text: &str) -> Result<(), String> {
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '\'');
    let problem = "it has to be there, as GitHub shows it, without blanks or quotes";
    is_word.then_some(()).ok_or_else(|| problem.to_owned())
}

fn users(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("with nobody on the list nobody can sign in".to_owned());
    }
    AllowedUsers::parse(text)
        .map(drop)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_make_no_sense_are_told_and_a_secret_is_not_repeated() {
        for (name, good, bad) in [
            (
                "BASE_DOMAIN",
                "example.com",
                &[
                    "",
                    "https://example.com",
                    "localhost",
                    "Example.com",
                    "a b.c",
                    "x.y/z",
                    "x.y:8443",
                ][..],
            ),
            (
                "ACME_EMAIL",
                "me@example.com",
                &["", "me", "@example.com", "me@x", "m e@x.y"],
            ),
            ("GITHUB_CLIENT_ID", "Ov23liABC", &["", "two words"]),
            (
                "GITHUB_CLIENT_SECRET",
                "0123abcdef",
                &["", "se cret", "it's"],
            ),
            (
                "ALLOWED_GITHUB_USERS",
                "octocat, id:583231",
                &["", "@org", "not a login"],
            ),
        ] {
            let question = QUESTIONS
                .iter()
                .find(|question| question.name == name)
                .unwrap();
            assert_eq!(question.checked(good).unwrap(), good);
            for bad in bad {
                let error = question.checked(bad).unwrap_err().to_string();
                assert!(error.starts_with(name), "{error}");
                assert!(
                    !question.is_secret || bad.is_empty() || !error.contains(bad),
                    "{error}"
                );
            }
        }
    }
}
