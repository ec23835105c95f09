//! What stands before the services: the 401, CORS, and what must not be there at all.

use reqwest::StatusCode;
use token_core::ResourceId;

use super::target::{Answer, Asked};
use crate::doctor::finding::{Outcome, Problem};

const GUARD: &str =
    "give its router the middleware protect-NAME@file; then just up; and just logs forward-auth";
const CORS: &str =
    "git checkout traefik/dynamic/gateway.yml, and see MCP_CORS_ORIGINS; then just up";
const ROUTES: &str = "git checkout traefik/dynamic/gateway.yml docker-compose.yml, then just up";
/// The contract's bound, in bytes.
const SHORT: usize = 1024;

/// What a service answers to who has no token, and to who has a made-up one.
pub(crate) struct Guard {
    pub(crate) resource: ResourceId,
    pub(crate) without: Asked,
    pub(crate) made_up: Asked,
}

pub(crate) fn challenge(guards: &[Guard]) -> Outcome {
    let mut problems = Vec::new();
    for guard in guards {
        let without = wrong(&guard.without, &guard.resource, None);
        let made_up = wrong(&guard.made_up, &guard.resource, Some("invalid_token"));
        let made_up = made_up.map(|found| format!("with a made-up token: {found}"));
        let found = without.or(made_up);
        problems.extend(
            found.map(|found| Problem::fail(format!("{}: {found}", guard.resource), GUARD)),
        );
    }
    let count = guards.len();
    Outcome::of(
        problems,
        format!("401, one challenge, the right metadata, for {count} services"),
    )
}

/// RFC 6750 section 3, RFC 9728 section 5.1.
fn wrong(asked: &Asked, resource: &ResourceId, error: Option<&str>) -> Option<String> {
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return Some(error.clone()),
    };
    if answer.status != StatusCode::UNAUTHORIZED {
        return Some(format!("answers {}, not 401", answer.status));
    }
    let challenges = answer.all("www-authenticate");
    let [challenge] = challenges.as_slice() else {
        return Some(format!(
            "{} WWW-Authenticate headers, not one",
            challenges.len()
        ));
    };
    if !challenge.starts_with("Bearer ") {
        return Some("its challenge is not Bearer".to_owned());
    }
    let metadata = resource.metadata_url();
    if parameter(challenge, "resource_metadata") != Some(&metadata) {
        return Some(format!("its challenge does not name {metadata}"));
    }
    if parameter(challenge, "scope").is_none() {
        return Some("its challenge names no scope".to_owned());
    }
    if parameter(challenge, "error") != error {
        let said = parameter(challenge, "error").unwrap_or("none");
        return Some(format!("error is {said}, not {}", error.unwrap_or("none")));
    }
    (answer.body.len() > SHORT).then(|| format!("a body of {} bytes", answer.body.len()))
}

/// A quoted parameter of a challenge. The gateway's have no quotes inside.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let parameters = challenge.strip_prefix("Bearer ")?.split(", ");
    let mut values = parameters.filter_map(|own| own.strip_prefix(name)?.strip_prefix("=\""));
    values.next()?.strip_suffix('"')
}

/// What a web page is let do at an address: the answers to its preflight and to its request.
pub(crate) struct Crossing {
    pub(crate) url: String,
    pub(crate) preflight: Asked,
    pub(crate) request: Asked,
}

/// `origin` is that of the page, which the settings allow.
pub(crate) fn cors(crossings: &[Crossing], private: &Asked, origin: &str) -> Outcome {
    let mut problems = Vec::new();
    for crossing in crossings {
        let found = wrong_preflight(&crossing.preflight, origin)
            .or_else(|| wrong_crossing(&crossing.request, origin));
        problems
            .extend(found.map(|found| Problem::fail(format!("{}: {found}", crossing.url), CORS)));
    }
    if let Ok(answer) = private
        && answer.headers.contains_key("access-control-allow-origin")
    {
        let found = "another origin may read the page at /authorize";
        problems.push(Problem::fail(found, CORS));
    }
    let count = crossings.len();
    Outcome::of(
        problems,
        format!("asked and read by a web page at {count} addresses"),
    )
}

fn wrong_preflight(asked: &Asked, origin: &str) -> Option<String> {
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return Some(error.clone()),
    };
    if !answer.status.is_success() {
        return Some(format!("a preflight is answered with {}", answer.status));
    }
    if let Some(found) = not_allowed(answer, origin) {
        return Some(format!("a preflight: {found}"));
    }
    let allowed = listed(answer, "access-control-allow-headers");
    // `*` does not cover it (Fetch standard, section 4.9).
    let missing = ["authorization", "content-type"].into_iter();
    let missing: Vec<_> = missing
        .filter(|name| !allowed.contains(&(*name).to_owned()))
        .collect();
    (!missing.is_empty()).then(|| format!("a page may not send {}", missing.join(", ")))
}

fn wrong_crossing(asked: &Asked, origin: &str) -> Option<String> {
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return Some(error.clone()),
    };
    if let Some(found) = not_allowed(answer, origin) {
        return Some(found);
    }
    let exposed = listed(answer, "access-control-expose-headers");
    (!exposed.contains(&"www-authenticate".to_owned()))
        .then(|| "a page may not read WWW-Authenticate".to_owned())
}

fn not_allowed(answer: &Answer, origin: &str) -> Option<String> {
    if answer
        .headers
        .contains_key("access-control-allow-credentials")
    {
        return Some("credentials of a browser are let through".to_owned());
    }
    match answer.all("access-control-allow-origin").as_slice() {
        [own] if own == "*" || own == origin => None,
        [] => Some(format!("{origin} is not allowed")),
        own => Some(format!("{} is allowed, not {origin}", own.join(" and "))),
    }
}

/// The names of a list header, in lower case.
fn listed(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.all(name).join(",").to_ascii_lowercase();
    values.split(',').map(|own| own.trim().to_owned()).collect()
}

/// Addresses that are for the inside: nothing is there. What refuses who asks is there: the
/// verifier itself says 401.
pub(crate) fn internal_paths(answers: &[(String, Asked)]) -> Outcome {
    let told = answers.iter().filter_map(|(url, asked)| {
        let status = asked.as_ref().ok()?.status;
        // A host that has had enough tells nothing.
        (status != StatusCode::TOO_MANY_REQUESTS).then_some((url, status))
    });
    let told: Vec<_> = told.collect();
    let there = told
        .iter()
        .filter(|(_, status)| *status != StatusCode::NOT_FOUND);
    let problems =
        there.map(|(url, status)| Problem::fail(format!("{url} answers {status}"), ROUTES));
    let (seen, all) = (told.len(), answers.len());
    let ok = match seen {
        0 => return Outcome::skipped("no address told whether something is there"),
        _ if seen == all => format!("nothing at {all} addresses that are for the inside"),
        _ => format!(
            "nothing at {seen} of {all} addresses that are for the inside; the others could not be seen"
        ),
    };
    Outcome::of(problems.collect(), ok)
}

/// The authorization server's own word (`/ready`).
pub(crate) fn ready(asked: &Asked) -> Outcome {
    let mend = "just health, then just logs auth-service";
    let found = match asked {
        Ok(answer) if answer.status == StatusCode::OK => {
            return Outcome::Ok("it can do its work".to_owned());
        }
        Ok(answer) => format!("/ready answers {}", answer.status),
        Err(error) => format!("/ready: {error}"),
    };
    Outcome::Wrong(vec![Problem::fail(found, mend)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::outside::target::tests::answer;

    const ORIGIN: &str = "https://doctor.example";
    const METADATA: &str = "https://fetch.example.com/.well-known/oauth-protected-resource/mcp";

    fn denied(error: &str) -> Answer {
        let challenge = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"mcp\"{error}");
        answer(401, &[("www-authenticate", &challenge)], "{}")
    }

    fn guarded(without: Asked, made_up: Asked) -> Verdict {
        let resource = ResourceId::parse("https://fetch.example.com/mcp").unwrap();
        challenge(&[Guard {
            resource,
            without,
            made_up,
        }])
        .verdict()
    }

    #[test]
    fn a_challenge_that_leads_nowhere_is_told() {
        let invalid = || {
            Ok(denied(
                ", error=\"invalid_token\", error_description=\"no\"",
            ))
        };
        assert_eq!(guarded(Ok(denied("")), invalid()), Verdict::Ok);
        let bearer = ("www-authenticate", "Bearer");
        let whole = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"mcp\"");
        let twice = [("www-authenticate", &*whole), ("www-authenticate", &*whole)];
        for bad in [
            Ok(answer(200, &[], "a server without its guard")),
            Ok(answer(429, &[], "")),
            Ok(answer(401, &[], "")),
            Ok(answer(401, &[bearer], "")),
            Ok(answer(401, &twice, "")),
            Ok(answer(
                401,
                &[("www-authenticate", &whole)],
                &"x".repeat(2000),
            )),
            invalid(),
            Err("no answer".to_owned()),
        ] {
            assert_eq!(guarded(bad.clone(), invalid()), Verdict::Fail, "{bad:?}");
        }
        assert_eq!(
            guarded(Ok(denied("")), Ok(answer(200, &[], ""))),
            Verdict::Fail
        );
    }

    #[test]
    fn a_page_may_ask_and_read_what_it_needs() {
        let any = ("access-control-allow-origin", "*");
        let headers = (
            "access-control-allow-headers",
            "*, Authorization, Content-Type",
        );
        let exposed = (
            "access-control-expose-headers",
            "WWW-Authenticate, Mcp-Session-Id",
        );
        let of = |preflight: &[_], request: &[_]| {
            let crossing = Crossing {
                url: "https://fetch.example.com/mcp".to_owned(),
                preflight: Ok(answer(204, preflight, "")),
                request: Ok(answer(401, request, "")),
            };
            cors(&[crossing], &Ok(answer(400, &[], "")), ORIGIN).verdict()
        };
        assert_eq!(of(&[any, headers], &[any, exposed]), Verdict::Ok);
        let star = ("access-control-allow-headers", "*");
        assert_eq!(of(&[any, star], &[any, exposed]), Verdict::Fail);
        assert_eq!(of(&[any, headers], &[any]), Verdict::Fail);
        assert_eq!(of(&[any, headers], &[exposed]), Verdict::Fail);
        let credentials = ("access-control-allow-credentials", "true");
        assert_eq!(
            of(&[any, headers, credentials], &[any, exposed]),
            Verdict::Fail
        );
        let readable = Ok(answer(400, &[any], ""));
        assert_eq!(cors(&[], &readable, ORIGIN).verdict(), Verdict::Fail);
    }

    #[test]
    fn what_is_for_the_inside_is_told_where_it_is_outside() {
        let of = |status| {
            let url = "https://auth.example.com/metrics".to_owned();
            internal_paths(&[(url, Ok(answer(status, &[], "")))]).verdict()
        };
        assert_eq!(of(404), Verdict::Ok);
        assert_eq!(of(200), Verdict::Fail);
        // What the verifier says to whom it does not know.
        assert_eq!(of(401), Verdict::Fail);
        assert_eq!(of(405), Verdict::Fail);
        assert_eq!(of(429), Verdict::Skipped);
        assert_eq!(ready(&Ok(answer(503, &[], ""))).verdict(), Verdict::Fail);
    }
}
