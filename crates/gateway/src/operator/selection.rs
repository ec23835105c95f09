//! Which of what there is: by client, by person, by service.

use std::collections::BTreeSet;
use std::error::Error;
use std::str::FromStr;

use clap::Args;
use token_core::store::{Approval, Registration, Session};
use token_core::{ClientId, ResourceId, UserId, Username};

use super::system::System;
use super::walk::Walk;

/// What narrows a listing or a command down.
#[derive(Args, Debug, Clone)]
pub(crate) struct Filters {
    /// Only of this client
    #[arg(long, value_name = "CLIENT_ID", allow_hyphen_values = true)]
    pub(crate) client: Option<ClientId>,
    /// Only of this person: a GitHub login or number, or a user id such as 'github|583231'
    #[arg(long)]
    pub(crate) user: Option<Person>,
    /// Only for this service: its name, or its URL where it is no service any more
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
}

/// A person as an operator names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Person {
    /// By the identifier that stays.
    Id(UserId),
    /// By the login name, which may have been somebody else's before.
    Login(Username),
}

impl FromStr for Person {
    type Err = token_core::InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('|') {
            return UserId::parse(text).map(Self::Id);
        }
        let digits = text.strip_prefix("id:").unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return UserId::parse(format!("github|{digits}")).map(Self::Id);
        }
        Username::parse(text).map(Self::Login)
    }
}

/// The same, looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) client: Option<ClientId>,
    pub(crate) people: Option<BTreeSet<UserId>>,
    pub(crate) resource: Option<ResourceId>,
}

impl Filters {
    /// Looks up the service, and who had the login name in what there is.
    pub(crate) async fn look_up(&self, system: &System) -> Result<Selection, Box<dyn Error>> {
        let resource = match &self.service {
            Some(service) => Some(resource(system, service)?),
            None => None,
        };
        let people = match &self.user {
            None => None,
            Some(Person::Id(id)) => Some(BTreeSet::from([id.clone()])),
            Some(Person::Login(login)) => Some(people_called(system, login).await?),
        };
        Ok(Selection {
            client: self.client.clone(),
            people,
            resource,
        })
    }
}

/// The resource of a service's name, or of the URL of what was one.
pub(crate) fn resource(system: &System, service: &str) -> Result<ResourceId, Box<dyn Error>> {
    if let Some(resource) = system.services.resource(service) {
        return Ok(resource.clone());
    }
    ResourceId::parse(service).map_err(|_| {
        let names: Vec<_> = system
            .services
            .iter()
            .map(|own| own.name.to_string())
            .collect();
        format!("{service:?} is no service; there are: {}", names.join(", ")).into()
    })
}

/// Everybody who ever signed in under this login name, as far as it is still kept. A login may
/// have changed hands or been changed since: the number behind it tells.
pub(crate) async fn people_called(
    system: &System,
    login: &Username,
) -> Result<BTreeSet<UserId>, Box<dyn Error>> {
    let is_called = |username: &Username| username.as_str().eq_ignore_ascii_case(login.as_str());
    let mut people = BTreeSet::new();
    let mut approvals = Walk::<Approval>::begin(system).await?;
    while let Some(batch) = approvals.next().await? {
        let grants = batch.into_iter().map(|approval| approval.grant);
        let called = grants.filter(|grant| is_called(&grant.username));
        people.extend(called.map(|grant| grant.user_id));
    }
    let mut sessions = Walk::<Session>::begin(system).await?;
    while let Some(batch) = sessions.next().await? {
        let called = batch.into_iter().filter(|own| is_called(&own.username));
        people.extend(called.map(|session| session.user_id));
    }
    Ok(people)
}

/// What can be selected.
pub(crate) trait Selectable {
    fn is_of(&self, selection: &Selection) -> bool;
}

impl Selection {
    fn has(&self, client: &ClientId, user: &UserId, resource: &ResourceId) -> bool {
        self.client.as_ref().is_none_or(|own| own == client)
            && self.people.as_ref().is_none_or(|own| own.contains(user))
            && self.resource.as_ref().is_none_or(|own| own == resource)
    }
}

impl Selectable for Session {
    fn is_of(&self, selection: &Selection) -> bool {
        selection.has(&self.client_id, &self.user_id, &self.resource)
    }
}

impl Selectable for Approval {
    fn is_of(&self, selection: &Selection) -> bool {
        let grant = &self.grant;
        selection.has(&grant.client_id, &grant.user_id, &grant.resource)
    }
}

/// A registration is nobody's and for every service: only a client selects it.
impl Selectable for Registration {
    fn is_of(&self, selection: &Selection) -> bool {
        let client = selection.client.as_ref();
        client.is_none_or(|client| *client == self.client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_by_login_by_number_or_by_id() {
        let id = |text| Person::Id(UserId::parse(text).unwrap());
        for (text, person) in [
            ("583231", id("github|583231")),
            ("id:583231", id("github|583231")),
            ("github|583231", id("github|583231")),
            ("local|owner", id("local|owner")),
            (
                "octocat",
                Person::Login(Username::parse("octocat").unwrap()),
            ),
        ] {
            assert_eq!(text.parse(), Ok(person));
        }
        assert!("two words".parse::<Person>().is_err());
        assert!("|".parse::<Person>().is_err());
    }
}
