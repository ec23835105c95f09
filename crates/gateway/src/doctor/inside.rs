//! What settings, files and the store tell.

use token_core::{Clock as _, SystemClock};

use super::check::Check;
use super::compose::{self, Project};
use super::finding::{Finding, Outcome, Problem};
use super::outside::{Heard, UNNAMED};
use super::place::{Names, Place};
use super::store::{Facts, Reading};
use super::traefik::Routes;
use super::{DoctorArguments, backups, keys, login, routers, secrets, settings, store};
use crate::internal_ca::InternalCa;
use crate::key_keeper::KeyKeeper;
use crate::operator::backup;

/// Every check of this side that is asked for.
pub(crate) async fn examine(
    arguments: &DoctorArguments,
    place: &Place,
    project: Option<&Project>,
    heard: &Heard,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let checks = Check::all().iter().copied();
    let facts = facts(arguments, place).await;
    for check in checks.filter(|check| arguments.wants(*check)) {
        let outcome = match check {
            Check::GithubApp => github(place).await,
            Check::RedisOpen => open(place).await,
            Check::Login => rehearsal(place).await,
            Check::Routers => traefik(arguments, place, project).await,
            _ => match of_settings(check, place).or_else(|| of_files(check, arguments, place)) {
                Some(outcome) => outcome,
                None => match of_store(check, &facts, project, heard) {
                    Some(outcome) => outcome,
                    None => continue,
                },
            },
        };
        findings.push(Finding { check, outcome });
    }
    findings
}

fn of_settings(check: Check, place: &Place) -> Option<Outcome> {
    Some(match check {
        Check::Settings => settings::refused(&place.refused),
        Check::RootSecret => secrets::root_secret(place.root_secret.as_ref()),
        Check::RedisPassword => secrets::redis_passwords(
            place.redis_password.as_ref(),
            place.verifier_password.as_ref(),
            place.redis.is_none(),
        ),
        Check::AllowList => settings::allow_list(place.allowed.as_ref()),
        Check::Lifetimes => settings::lifetimes(&place.lifetimes),
        Check::Egress => settings::egress(place.opened.as_deref()),
        _ => return None,
    })
}

fn of_files(check: Check, arguments: &DoctorArguments, place: &Place) -> Option<Outcome> {
    let now = SystemClock.now();
    let [tokens, assertions] = &place.keepers;
    let signing = |keeper: &KeyKeeper| {
        if !keeper.directory.is_dir() {
            let directory = keeper.directory.display();
            return Outcome::skipped(format!("there is no {directory} here"));
        }
        let active = keys::active(keeper, now);
        keys::signing(keeper.purpose, active, place.algorithm, place.rotation, now)
    };
    Some(match check {
        Check::Backup => {
            let newest = place.backups.as_ref().map(backup::newest);
            backups::age(newest, now)
        }
        Check::EnvFile => keys::env_file(arguments.project.as_deref()),
        Check::SigningKeys => signing(tokens),
        Check::AssertionKeys => signing(assertions),
        Check::KeyFiles => keys::key_files(&keys::private_files(&place.private_directories())),
        Check::InternalCa => {
            let listed = place.ca.as_ref().map(InternalCa::list);
            keys::internal_ca(listed, now)
        }
        _ => return None,
    })
}

fn of_store(
    check: Check,
    facts: &Facts,
    project: Option<&Project>,
    heard: &Heard,
) -> Option<Outcome> {
    Some(match check {
        Check::Redis => store::reachable(facts),
        Check::RedisPersistence => store::persistence(facts),
        Check::RedisMemory => store::memory(facts),
        Check::RedisExposure => store::exposure(project, heard.redis_port),
        Check::Clock => {
            let redis = facts.as_ref().and_then(|facts| facts.as_ref().ok());
            let redis = redis.map(|facts| Reading {
                theirs: facts.time,
                ours: facts.heard_at,
            });
            let mut seen: Vec<(&str, Reading)> = Vec::new();
            seen.extend(redis.map(|reading| ("Redis", reading)));
            seen.extend(heard.date.map(|reading| ("the edge", reading)));
            store::clocks(&seen)
        }
        Check::LogRotation => compose::log_rotation(project),
        _ => return None,
    })
}

/// Redis is asked where a check wants to know of it.
async fn facts(arguments: &DoctorArguments, place: &Place) -> Facts {
    use Check::{Clock, Redis, RedisMemory, RedisPersistence};
    let wanted = [Redis, RedisPersistence, RedisMemory, Clock];
    if !wanted.iter().any(|check| arguments.wants(*check)) {
        return None;
    }
    let (_, redis) = place.redis.as_ref()?;
    Some(redis.server_facts(&SystemClock).await)
}

async fn open(place: &Place) -> Outcome {
    let asked = match &place.redis {
        Some((settings, _)) => Some(settings.lets_anybody_in().await),
        None => None,
    };
    store::open(asked.as_ref())
}

async fn github(place: &Place) -> Outcome {
    let issuer = match &place.names {
        Names::Known(issuer, _) => issuer,
        Names::Refused(_) => return Outcome::skipped("BASE_DOMAIN or MCP_SERVICES is refused"),
        Names::Unset => return Outcome::skipped(UNNAMED),
    };
    let asked = match &place.github {
        Some(app) => Some(settings::ask_github(app.clone(), issuer).await),
        None => None,
    };
    settings::github_app(asked, &issuer.endpoint("/callback"))
}

async fn traefik(arguments: &DoctorArguments, place: &Place, project: Option<&Project>) -> Outcome {
    let Some(api) = &arguments.traefik_api else {
        return routers::labels(project);
    };
    match Routes::ask(api).await {
        Ok(routes) => routers::routes(&routes, place.guarded()),
        Err(error) => {
            // Of the address no more than this: a password may stand in it.
            let origin = api.origin().ascii_serialization();
            let found = format!("{origin} cannot be asked: {error}");
            let mend = "give the address of Traefik's API, as docs/doctor.md says";
            Outcome::Wrong(vec![Problem::warn(found, mend)])
        }
    }
}

async fn rehearsal(place: &Place) -> Outcome {
    if !place.refused.is_empty() {
        return Outcome::skipped(
            "no gateway starts with a setting that it refuses: see `settings`",
        );
    }
    login::outcome(login::rehearse(place).await)
}
