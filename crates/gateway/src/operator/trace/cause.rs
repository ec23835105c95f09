//! Why an attempt stopped, in plain words, and what mends it.

use std::borrow::Cow;

use token_core::Timestamp;

use super::attempts::{Attempt, Mark, STEPS};

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) cause: Cow<'static, str>,
    pub(crate) mend: Option<&'static str>,
}

/// A step may take this many seconds before it is said that it did not come.
const PATIENCE: u64 = 600;

pub(crate) fn of(attempt: &Attempt, now: Timestamp) -> Outcome {
    if let Some(error) = &attempt.error {
        let reason = attempt.reason.as_deref().unwrap_or(error);
        return failed(attempt, error, reason);
    }
    let missing = attempt.marks.iter().position(|mark| *mark == Mark::Missing);
    match missing {
        // Discovery may have been cached, or gone by another network.
        None => Outcome {
            cause: "connected".into(),
            mend: None,
        },
        Some(0) if attempt.is_done() => Outcome {
            cause: "connected".into(),
            mend: None,
        },
        Some(_) => waits(attempt, now),
    }
}

/// The first step that is missing after the last that came.
fn waits(attempt: &Attempt, now: Timestamp) -> Outcome {
    let last = attempt.marks.iter().rposition(|mark| *mark == Mark::Came);
    let next = last.map_or(0, |last| last + 1);
    let step = STEPS.get(next).copied().unwrap_or("nothing");
    if now.0.saturating_sub(attempt.last.0) < PATIENCE {
        return Outcome {
            cause: format!("under way: {step} is next").into(),
            mend: None,
        };
    }
    let (why, mend) = match step {
        "authorize" => (
            "the client registered, and sent nobody to sign in",
            "The client gave up after registering: look at its own log, and whether it can open \
             a browser.",
        ),
        "consent" => (
            "the person saw the consent page and did not decide",
            "Ask the person to try again, and to approve. Nothing is wrong here.",
        ),
        "sign-in" => (
            "the person did not come back from the sign-in",
            "Look at whether GitHub's OAuth app has this callback: https://auth.BASE_DOMAIN/callback.",
        ),
        "token" => (
            "the client did not fetch its tokens",
            "The browser could not give the code to the client: where it listens on the person's \
             computer, it had ended, or a firewall is between; a hosted one cannot reach /token.",
        ),
        "first call" => (
            "the client has tokens and has not called",
            "The client did not go on: reconnect it. If that repeats, look whether its URL is the \
             service's, /mcp included.",
        ),
        _ => ("it stopped", "Look at the client's own log."),
    };
    Outcome {
        cause: format!("{step} did not come: {why}").into(),
        mend: Some(mend),
    }
}

/// What the matter is, and the mend.
type Words = (&'static str, &'static str);

fn failed(attempt: &Attempt, error: &str, reason: &str) -> Outcome {
    let of_call = attempt.call_failed().then(|| refused_call(reason));
    let (cause, mend) = of_call.flatten().unwrap_or_else(|| words(error, reason));
    let failed = attempt.marks.iter().position(|mark| *mark == Mark::Failed);
    let step = failed.and_then(|step| STEPS.get(step)).copied();
    let step = step.or(attempt.other).unwrap_or("it");
    Outcome {
        cause: format!("{step} failed: {cause}").into(),
        mend: Some(mend),
    }
}

/// Why the verifier refused the token of a call.
fn refused_call(reason: &str) -> Option<Words> {
    Some(match reason {
        "inactive_token" => (
            "the token was revoked before its first use",
            "Somebody ended the session: `just oauth-sessions`.",
        ),
        "wrong_audience" => (
            "the client sent the token of one service to another",
            "Connect each service by its own URL; the token is good for that one alone.",
        ),
        "wrong_host" | "wrong_issuer" => (
            "the request came to another host than the token is for",
            "Compare BASE_DOMAIN and MCP_SERVICES with the URL that the client has.",
        ),
        "expired" => (
            "the token was over before its first use",
            "The client kept it and did not renew it, or its clock is wrong: connect anew.",
        ),
        "not_yet_valid" => (
            "the token is from the future",
            "The clocks of the gateway's machines differ: `just oauth-doctor --only clock`.",
        ),
        "insufficient_scope" => (
            "the token lacks the scope of this service",
            "Have the client ask for the scope `mcp`, or for none: connect anew.",
        ),
        _ => return None,
    })
}

fn words(error: &str, reason: &str) -> Words {
    match (reason, error) {
        ("not_admitted", _) => (
            "the person is not on the list",
            "Add the login to ALLOWED_GITHUB_USERS and `just reload`, if the person may come in; \
             `just oauth-explain LOGIN SERVICE` says what holds now.",
        ),
        (_, "unknown_client") => (
            "the client is not registered here any more",
            "Have the client forget this server and connect anew: it registers then. If many do, \
             the store was emptied or CLIENT_LIFETIME is short.",
        ),
        (_, "redirect_not_registered") => (
            "the client returns to an address that it did not register",
            "Have the client forget this server and connect anew. For a client of CLIENTS, add \
             the address there.",
        ),
        (_, "document_unavailable") => (
            "the client's metadata document cannot be fetched",
            "Its host is down, or this machine cannot reach it: look for `egress_refused`, and at \
             EGRESS_PROXY.",
        ),
        ("invalid_state" | "consent_forged", _) | (_, "expired") => (
            "the page was too old, used before, or from another browser",
            "Begin again in one browser window. If it always happens, cookies of auth.BASE_DOMAIN \
             are blocked there.",
        ),
        ("wrong_passphrase", _) => (
            "the passphrase was wrong",
            "It is LOCAL_PASSPHRASE, or printed at the start of the process.",
        ),
        ("too_many_attempts", _) | (_, "too_many_attempts" | "too_many_codes") => {
            ("too many wrong attempts", "Wait five minutes.")
        }
        ("identity_provider", _) => (
            "GitHub said no, or could not be asked",
            "Look at GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, and at githubstatus.com.",
        ),
        ("pkce_mismatch", _) => (
            "the client's code_verifier does not answer its code_challenge",
            "The client mixes up two logins, or somebody took its code: connect anew, and if it \
             stays, tell the client's makers.",
        ),
        ("invalid_client", _) | (_, "invalid_client") => (
            "the client is not known, or could not prove itself",
            "Have the client forget this server and connect anew. For a client of CLIENTS, \
             compare its secret's hash.",
        ),
        ("invalid_grant", _) | (_, "invalid_grant") => (
            "the code or refresh token is not good any more",
            "It was used before, is over, or its session was ended: connect anew.",
        ),
        (_, "temporarily_unavailable") => (
            "something could not be asked: the store, or a host of the client's",
            "What it was told says which. Look at Redis: `just health`, `just logs redis`. What is \
             fetched from the client's host is there when the client comes again.",
        ),
        ("cannot_decide", _) | (_, "unavailable") => (
            "the store could not be asked",
            "Look at Redis: `just health`, `just logs redis`.",
        ),
        (_, "access_denied") => ("the person refused", "Nothing is wrong here."),
        (_, "invalid_target") => (
            "the client asked for a service that is not here",
            "Compare MCP_SERVICES with the URL that the client has.",
        ),
        (_, "invalid_client_metadata" | "invalid_redirect_uri") => (
            "the client registers what cannot be taken",
            "What it was told says which member is wrong: that is for the client's makers.",
        ),
        (_, "internal" | "server_error") => (
            "a fault of the gateway",
            "Look for the reference in `just logs auth-service`, and report it.",
        ),
        _ => (
            "the client's request is not good",
            "What it was told says what is wrong: that is for the client's makers.",
        ),
    }
}
