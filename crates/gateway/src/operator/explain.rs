//! Would this person be let in to this service now, and why. The rule is the one that the sign-in
//! and every verifier ask; this only puts its answer in words.

use std::collections::BTreeMap;
use std::error::Error;

use app_shell::settings::Settings;
use clap::Args;
use serde::Serialize;
use token_core::admission::{Admission, Ruling};
use token_core::store::Session;
use token_core::{ResourceId, UserId, Username};

use super::output::{Output, number_of, remark};
use super::selection::{self, Person};
use super::system::{Shape, System};
use super::walk::Walk;
use crate::serve;

#[derive(Args)]
pub(crate) struct Explain {
    /// A GitHub login or number, or a user id such as 'github|583231' or 'local|owner'
    user: Person,
    /// The service's name
    service: String,
    /// One JSON object for each person who is meant
    #[arg(long)]
    json: bool,
}

/// Who may come in, as the processes of the gateway read it.
pub(crate) fn admission(settings: &mut Settings, shape: Shape) -> Option<Admission> {
    match shape {
        Shape::Deployment => forward_auth::config::admission(settings),
        Shape::SingleProcess => {
            let github = auth_service::config::github(settings);
            let vouched_for = settings.text("IDJAG_ISSUER").is_some();
            Some(serve::admission(
                github.map(|(_, allowed)| allowed),
                vouched_for,
            ))
        }
    }
}

/// One person who may be meant, as far as known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    user_id: Option<UserId>,
    username: Option<Username>,
}

/// What they have for the service.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Holding {
    sessions: u64,
    access_tokens: u64,
}

#[derive(Serialize)]
struct Answer {
    user_id: Option<UserId>,
    username: Option<Username>,
    service: String,
    resource: ResourceId,
    admitted: bool,
    why: Ruling,
    #[serde(flatten)]
    holding: Holding,
}

pub(crate) async fn run(
    system: &System,
    admission: &Admission,
    explain: &Explain,
) -> Result<(), Box<dyn Error>> {
    let resource = selection::resource(system, &explain.service)?;
    if system.services.name(&resource).is_none() {
        return Err(format!("{resource} is no service here: nobody is let in to it").into());
    }
    let mut output = Output::new();
    for (candidate, holding) in candidates(system, &explain.user, &resource).await? {
        let answer = Answer {
            why: ruling(admission, &candidate),
            admitted: ruling(admission, &candidate).admits(),
            user_id: candidate.user_id,
            username: candidate.username,
            service: explain.service.clone(),
            resource: resource.clone(),
            holding,
        };
        if explain.json {
            output.json(&answer)?;
        } else {
            for line in in_words(&answer) {
                output.line(&line)?;
            }
        }
    }
    output.flush()?;
    if !explain.json {
        remark(
            "By the list as it is here. A running process has it from its start or the last reload.",
        )?;
    }
    Ok(())
}

/// Everybody of that name or number who has signed in; nobody having, what was asked for.
async fn candidates(
    system: &System,
    asked: &Person,
    resource: &ResourceId,
) -> Result<BTreeMap<Candidate, Holding>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    let mut sessions = Walk::<Session>::begin(system).await?;
    while let Some(batch) = sessions.next().await? {
        for session in batch.into_iter().filter(|session| is(asked, session)) {
            let holding: &mut Holding = found
                .entry(Candidate {
                    user_id: Some(session.user_id),
                    username: Some(session.username),
                })
                .or_default();
            if session.resource == *resource {
                holding.sessions += 1;
                holding.access_tokens += session.tokens.len() as u64;
            }
        }
    }
    if found.is_empty() {
        let (user_id, username) = match asked {
            Person::Id(id) => (Some(id.clone()), None),
            Person::Login(login) => (None, Some(login.clone())),
        };
        found.insert(Candidate { user_id, username }, Holding::default());
    }
    Ok(found)
}

fn is(asked: &Person, session: &Session) -> bool {
    match asked {
        Person::Id(id) => session.user_id == *id,
        Person::Login(login) => {
            let (one, other) = (session.username.as_str(), login.as_str());
            one.eq_ignore_ascii_case(other)
        }
    }
}

/// Of what is not known nothing is on a list: no login has a question mark, no number is `?`.
fn ruling(admission: &Admission, candidate: &Candidate) -> Ruling {
    let unknown_id = UserId::parse("github|?").ok();
    let unknown_login = Username::parse("?").ok();
    let user_id = candidate.user_id.clone().or(unknown_id);
    let username = candidate.username.clone().or(unknown_login);
    match (user_id, username) {
        (Some(user_id), Some(username)) => admission.ruling(&user_id, &username),
        _ => Ruling::ProviderNotUsed,
    }
}

fn in_words(answer: &Answer) -> [String; 2] {
    let who = match (&answer.username, &answer.user_id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (Some(name), None) => format!("{name} (of whom no session tells the number)"),
        (None, Some(id)) => format!("{id} (of whom no session tells the login)"),
        (None, None) => "somebody".to_owned(),
    };
    let verdict = if answer.admitted { "yes" } else { "no" };
    let service = &answer.service;
    [
        format!("{verdict:<3}  {who} for {service}: {}", why(answer.why)),
        format!("     {}", what_now(answer)),
    ]
}

fn why(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::EverybodyIs => "ALLOWED_GITHUB_USERS is *, which is everybody at GitHub",
        Ruling::NumberListed => "the number is in ALLOWED_GITHUB_USERS",
        Ruling::LoginListed => "the login is in ALLOWED_GITHUB_USERS",
        Ruling::Machine => "a client for itself, with a token that an operator made or allowed",
        Ruling::VouchedFor => "IDJAG_ISSUER vouches for its people",
        Ruling::Owner => "the owner of this computer, by passphrase",
        Ruling::NotListed => "neither login nor number is in ALLOWED_GITHUB_USERS",
        Ruling::ProviderNotUsed => "nobody of that identity provider is let in here",
    }
}

fn what_now(answer: &Answer) -> String {
    let Holding {
        sessions,
        access_tokens,
    } = answer.holding;
    let sessions = number_of(sessions, "session");
    match (answer.admitted, answer.holding.sessions, access_tokens) {
        (true, 0, _) => "no session: a client has to be approved by signing in".to_owned(),
        (true, _, 0) => format!("{sessions} without an active token: in once a client renews"),
        (true, _, tokens) => {
            let tokens = number_of(tokens, "active token");
            format!("{sessions} with {tokens}: requests pass now")
        }
        (false, 0, _) => "no session either".to_owned(),
        (false, ..) => format!("{sessions} kept, but every request is refused (401)"),
    }
}
