//! Who may come in (`ALLOWED_GITHUB_USERS`). Asked at sign-in and again at every request.

use std::collections::BTreeSet;

use serde::Serialize;
use thiserror::Error;

use crate::identifiers::{ClientId, UserId, Username};

/// `sub` of the local identity provider's only person.
pub const LOCAL_OWNER: &str = "local|owner";

/// The provider part of a machine's `sub`. No identity provider of people has this name.
const MACHINE: &str = "client";

/// The provider part of the `sub` of somebody whom an ID-JAG names.
const VOUCHED_FOR: &str = "idjag";

/// The rule who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Which GitHub users; `None` where GitHub is not configured.
    pub github: Option<AllowedUsers>,
    /// Whether the local owner may.
    pub local: bool,
    /// Whether people may whom a trusted identity provider vouches for (`IDJAG_ISSUER`). Whom it
    /// vouches for is its own to decide.
    pub vouched_for: bool,
}

/// GitHub users by login or by numeric id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedUsers {
    /// `*`: anybody with a GitHub account.
    Anyone,
    /// These. Logins are in lower case.
    These {
        /// Login names.
        logins: BTreeSet<String>,
        /// Numeric ids, from `id:NUMBER` entries.
        ids: BTreeSet<u64>,
    },
}

/// Why `ALLOWED_GITHUB_USERS` was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AllowedUsersError {
    /// Nobody could come in.
    #[error("the list is empty, so nobody could sign in")]
    Empty,
    /// `*` beside other entries.
    #[error("\"*\" admits everybody: it must stand alone")]
    StarNotAlone,
    /// An organisation or a team: reserved.
    #[error("entry {0:?}: organisations and teams are not supported yet")]
    Reserved(String),
    /// Neither a login nor `id:NUMBER`.
    #[error("entry {0:?} is neither a GitHub login nor id:NUMBER")]
    Entry(String),
}

impl AllowedUsers {
    /// Reads the comma-separated list.
    pub fn parse(list: &str) -> Result<Self, AllowedUsersError> {
        let entries: Vec<_> = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .collect();
        if entries.is_empty() {
            return Err(AllowedUsersError::Empty);
        }
        if entries == ["*"] {
            return Ok(Self::Anyone);
        }
        let (mut logins, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            if entry == "*" {
                return Err(AllowedUsersError::StarNotAlone);
            } else if entry.starts_with('@') {
                return Err(AllowedUsersError::Reserved(entry.to_owned()));
            } else if let Some(id) = entry.strip_prefix("id:") {
                let id = id
                    .parse()
                    .map_err(|_| AllowedUsersError::Entry(entry.to_owned()))?;
                ids.insert(id);
            } else if is_login(entry) {
                logins.insert(entry.to_ascii_lowercase());
            } else {
                return Err(AllowedUsersError::Entry(entry.to_owned()));
            }
        }
        Ok(Self::These { logins, ids })
    }
}

/// GitHub's logins: letters, digits, hyphens, and the underscore of managed users.
fn is_login(text: &str) -> bool {
    text.len() <= 60
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What the rule says of somebody, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// In: everybody with a GitHub account is.
    EverybodyIs,
    /// In: the number is on the list.
    NumberListed,
    /// In: the login is on the list.
    LoginListed,
    /// In: a client for itself (RFC 6749 section 4.4). The operator named its services, no list
    /// of people can name it, and its tokens are in the store only while they are good: it
    /// is admitted wherever the rest of a request holds.
    Machine,
    /// In: a trusted identity provider vouches for them.
    VouchedFor,
    /// In: the owner of this computer.
    Owner,
    /// Out: neither login nor number is on the list.
    NotListed,
    /// Out: nobody of that identity provider is let in here.
    ProviderNotUsed,
}

impl Ruling {
    /// Whether it lets in.
    pub fn admits(self) -> bool {
        !matches!(self, Self::NotListed | Self::ProviderNotUsed)
    }
}

impl AllowedUsers {
    /// What the list says of a GitHub user; of one whose number is not known by the login alone.
    pub fn ruling(&self, number: Option<u64>, login: &Username) -> Ruling {
        match self {
            Self::Anyone => Ruling::EverybodyIs,
            Self::These { ids, .. } if number.is_some_and(|number| ids.contains(&number)) => {
                Ruling::NumberListed
            }
            Self::These { logins, .. } if logins.contains(&login.as_str().to_ascii_lowercase()) => {
                Ruling::LoginListed
            }
            Self::These { .. } => Ruling::NotListed,
        }
    }
}

impl Admission {
    /// Whether this person may come in now.
    pub fn admits(&self, user: &UserId, username: &Username) -> bool {
        self.ruling(user, username).admits()
    }

    /// The same with its reason.
    pub fn ruling(&self, user: &UserId, username: &Username) -> Ruling {
        let where_used = |yes, ruling| if yes { ruling } else { Ruling::ProviderNotUsed };
        match user.as_str().split_once('|') {
            Some(("github", number)) => match &self.github {
                None => Ruling::ProviderNotUsed,
                Some(allowed) => allowed.ruling(number.parse().ok(), username),
            },
            Some((MACHINE, _)) => Ruling::Machine,
            Some((VOUCHED_FOR, _)) => where_used(self.vouched_for, Ruling::VouchedFor),
            _ => where_used(self.local && user.as_str() == LOCAL_OWNER, Ruling::Owner),
        }
    }
}

/// `sub` of a person whom a trusted identity provider vouches for, `idjag|<its own sub>`; `None`
/// when that is too long or not visible ASCII.
pub fn vouched_for(sub: &str) -> Option<UserId> {
    UserId::parse(format!("{VOUCHED_FOR}|{sub}")).ok()
}

/// `sub` of a client that acts for itself, `client|<client_id>`; `None` when the identifier is
/// too long for one.
pub fn machine(client_id: &ClientId) -> Option<UserId> {
    UserId::parse(format!("{MACHINE}|{client_id}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(list: &str, id: u64, login: &str) -> bool {
        let github = Some(AllowedUsers::parse(list).unwrap());
        Admission {
            github,
            local: false,
            vouched_for: false,
        }
        .admits(
            &UserId::parse(format!("github|{id}")).unwrap(),
            &Username::parse(login).unwrap(),
        )
    }

    #[test]
    fn logins_ids_and_the_star() {
        assert!(admits(" Alice , bob ", 1, "alice"));
        assert!(admits("alice", 1, "ALICE"));
        assert!(!admits("alice", 1, "alice2"));
        assert!(admits("id:42", 42, "renamed"));
        assert!(!admits("id:42", 43, "id:42"));
        assert!(admits("*", 7, "anyone"));
    }

    #[test]
    fn a_ruling_says_why() {
        let ruling = |list: &str, id, login: &str| {
            let login = Username::parse(login).unwrap();
            AllowedUsers::parse(list).unwrap().ruling(id, &login)
        };
        assert_eq!(ruling("*", None, "x"), Ruling::EverybodyIs);
        assert_eq!(ruling("id:42,x", Some(42), "x"), Ruling::NumberListed);
        assert_eq!(ruling("id:42,x", None, "X"), Ruling::LoginListed);
        assert_eq!(ruling("id:42,x", None, "y"), Ruling::NotListed);
        let nobody = Admission {
            github: None,
            local: false,
            vouched_for: false,
        };
        let name = Username::parse("x").unwrap();
        for user in ["github|1", "local|owner", "idjag|x", "else|x"] {
            let user = UserId::parse(user).unwrap();
            assert_eq!(nobody.ruling(&user, &name), Ruling::ProviderNotUsed);
        }
    }

    #[test]
    fn a_list_that_cannot_be_meant_is_refused() {
        for list in [
            "",
            " , ",
            "*,alice",
            "@org",
            "@org/team",
            "id:x",
            "a b",
            "al;ice",
        ] {
            assert!(AllowedUsers::parse(list).is_err(), "{list:?}");
        }
    }

    #[test]
    fn a_machine_is_admitted_whatever_the_list_and_never_taken_for_a_person() {
        let id = ClientId::parse("nightly-job").unwrap();
        let user = machine(&id).unwrap();
        assert_eq!(user.as_str(), "client|nightly-job");
        let nobody = Admission {
            github: None,
            local: false,
            vouched_for: false,
        };
        assert!(nobody.admits(&user, &Username::parse("nightly-job").unwrap()));
        let lookalike = UserId::parse("clients|nightly-job").unwrap();
        assert!(!nobody.admits(&lookalike, &Username::parse("nightly-job").unwrap()));
        assert_eq!(machine(&ClientId::parse("a".repeat(512)).unwrap()), None);
    }

    #[test]
    fn people_of_a_trusted_provider_come_in_while_it_is_trusted() {
        let user = vouched_for("00u1234").unwrap();
        assert_eq!(user.as_str(), "idjag|00u1234");
        assert_eq!(vouched_for("not visible"), None);
        for trusted in [true, false] {
            let admission = Admission {
                github: Some(AllowedUsers::Anyone),
                local: true,
                vouched_for: trusted,
            };
            assert_eq!(
                admission.admits(&user, &Username::parse("00u1234").unwrap()),
                trusted
            );
        }
    }

    #[test]
    fn the_list_governs_github_only() {
        let owner = UserId::parse(LOCAL_OWNER).unwrap();
        let name = Username::parse("owner").unwrap();
        assert!(
            Admission {
                github: None,
                local: true,
                vouched_for: false,
            }
            .admits(&owner, &name)
        );
        let github = Some(AllowedUsers::Anyone);
        assert!(
            !Admission {
                github,
                local: false,
                vouched_for: false,
            }
            .admits(&owner, &name)
        );
        let stranger = UserId::parse("local|other").unwrap();
        assert!(
            !Admission {
                github: None,
                local: true,
                vouched_for: false,
            }
            .admits(&stranger, &name)
        );
        let github_user = UserId::parse("github|1").unwrap();
        assert!(
            !Admission {
                github: None,
                local: true,
                vouched_for: false,
            }
            .admits(&github_user, &name)
        );
    }
}
