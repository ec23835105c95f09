//! What the settings say: faults, people, lifetimes, what the fetch tool may reach.

use auth_service::flows::Lifetimes;
use auth_service::identity::UpstreamError;
use auth_service::identity::github::{AppStanding, GitHub, GitHubApp};
use token_core::admission::AllowedUsers;
use token_core::pkce::CodeVerifier;
use token_core::secret::SignInState;
use token_core::{Entropy as _, Issuer, Seconds, SystemEntropy};

use super::finding::{Outcome, Problem};
use crate::operator::when::length;

/// A day: what a token that is renewed without anybody noticing need not outlive.
const LONG: Seconds = Seconds(86_400);

/// A line names the setting, the fault and, after the last semicolon, the mend.
pub(crate) fn refused(lines: &[String]) -> Outcome {
    let problems = lines.iter().map(|line| {
        let (found, mend) = line.rsplit_once("; ").unwrap_or((line, "correct it"));
        Problem::fail(found, format!("{mend}, then just up"))
    });
    Outcome::of(
        problems.collect(),
        "the services take every one that is set here",
    )
}

pub(crate) fn allow_list(allowed: Option<&AllowedUsers>) -> Outcome {
    match allowed {
        None => Outcome::skipped("ALLOWED_GITHUB_USERS is not set here, or refused"),
        Some(AllowedUsers::Anyone) => Outcome::Wrong(vec![Problem::warn(
            "ALLOWED_GITHUB_USERS is *, which is anybody with a GitHub account",
            "name people in .env: ALLOWED_GITHUB_USERS=id:NUMBER,LOGIN; then just up",
        )]),
        Some(AllowedUsers::These { logins, ids }) => Outcome::Ok(format!(
            "{} by login, {} by number",
            logins.len(),
            ids.len()
        )),
    }
}

pub(crate) fn lifetimes(lifetimes: &Lifetimes) -> Outcome {
    let own = lifetimes.access_token;
    let problem = (own > LONG).then(|| {
        Problem::warn(
            format!("an access token lives for {}", length(own)),
            "ACCESS_TOKEN_LIFETIME=3600 in .env, then just up: clients renew by themselves",
        )
    });
    Outcome::of(
        problem.into_iter().collect(),
        format!("access tokens live for {}", length(own)),
    )
}

pub(crate) fn egress(opened: Option<&str>) -> Outcome {
    let problem = opened.map(|hosts| {
        Problem::warn(
            format!("the fetch tool may reach {hosts}, however private"),
            "unless you mean it, take EGRESS_ALLOW_HOSTS out of .env; then just up",
        )
    });
    Outcome::of(
        problem.into_iter().collect(),
        "nothing private is opened to the fetch tool",
    )
}

/// Asks GitHub.
pub(crate) async fn ask_github(
    app: GitHubApp,
    issuer: &Issuer,
) -> Result<AppStanding, UpstreamError> {
    let odd = |error: Box<dyn std::error::Error + Send + Sync>| UpstreamError::Unavailable(error);
    let github = GitHub::new(app, issuer).map_err(|error| odd(error.into()))?;
    let entropy = SystemEntropy::new();
    let state = SignInState::generate(&entropy).map_err(|error| odd(error.into()))?;
    let verifier = entropy.token(32).map_err(|error| odd(error.into()))?;
    let verifier = CodeVerifier::parse(verifier).map_err(|error| odd(error.into()))?;
    github.standing(&state, &verifier).await
}

pub(crate) fn github_app(
    asked: Option<Result<AppStanding, UpstreamError>>,
    callback: &str,
) -> Outcome {
    let fail = |found: String, mend: &str| Outcome::Wrong(vec![Problem::fail(found, mend)]);
    match asked {
        None => Outcome::skipped("GITHUB_CLIENT_ID or GITHUB_CLIENT_SECRET is not set here"),
        Some(Err(error)) => Outcome::Wrong(vec![Problem::warn(
            app_shell::error_chain(&error),
            "see whether this machine reaches GitHub: curl -sI https://github.com",
        )]),
        Some(Ok(AppStanding::Known { callback: true })) => {
            Outcome::Ok("GitHub knows the app, its secret and the callback".to_owned())
        }
        Some(Ok(AppStanding::Known { callback: false })) => Outcome::Ok(format!(
            "GitHub knows the app and its secret; that its callback is {callback} it tells only \
             who is signed in there"
        )),
        Some(Ok(AppStanding::UnknownClient)) => fail(
            "GitHub has no app of this GITHUB_CLIENT_ID".to_owned(),
            "copy the client id from https://github.com/settings/developers into .env; then just up",
        ),
        Some(Ok(AppStanding::WrongSecret)) => fail(
            "GitHub does not take GITHUB_CLIENT_SECRET".to_owned(),
            "make a new client secret at https://github.com/settings/developers; then just up",
        ),
        Some(Ok(AppStanding::WrongCallback)) => fail(
            format!("the app's callback at GitHub is not {callback}"),
            "set it at https://github.com/settings/developers",
        ),
        Some(Ok(AppStanding::Other(answer))) => fail(
            format!("GitHub answered {answer}"),
            "see the app at https://github.com/settings/developers",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn a_refused_setting_comes_with_its_mend() {
        let line = "CODE_LIFETIME (environment): is more than 600; give 600 or less".to_owned();
        let Outcome::Wrong(problems) = refused(&[line]) else {
            panic!("it is wrong")
        };
        assert_eq!(
            problems[0].found(),
            "CODE_LIFETIME (environment): is more than 600"
        );
        assert_eq!(problems[0].mend(), "give 600 or less, then just up");
        assert_eq!(refused(&[]).verdict(), Verdict::Ok);
    }

    #[test]
    fn everybody_is_said_aloud() {
        let of = |list| allow_list(AllowedUsers::parse(list).ok().as_ref()).verdict();
        assert_eq!(of("alice,id:7"), Verdict::Ok);
        assert_eq!(of("*"), Verdict::Warn);
        assert_eq!(of(""), Verdict::Skipped);
    }

    #[test]
    fn what_github_says_is_told() {
        let callback = "https://auth.example.com/callback";
        for (standing, verdict) in [
            (AppStanding::Known { callback: true }, Verdict::Ok),
            (AppStanding::Known { callback: false }, Verdict::Ok),
            (AppStanding::UnknownClient, Verdict::Fail),
            (AppStanding::WrongSecret, Verdict::Fail),
            (AppStanding::WrongCallback, Verdict::Fail),
            (AppStanding::Other("x".to_owned()), Verdict::Fail),
        ] {
            assert_eq!(github_app(Some(Ok(standing)), callback).verdict(), verdict);
        }
        let down = Some(Err(UpstreamError::Refused));
        assert_eq!(github_app(down, callback).verdict(), Verdict::Warn);
    }

    #[test]
    fn long_lives_and_open_doors_are_told() {
        assert_eq!(egress(None).verdict(), Verdict::Ok);
        assert_eq!(egress(Some("intranet:80")).verdict(), Verdict::Warn);
    }
}
