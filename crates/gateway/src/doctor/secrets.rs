//! Weak and default secrets. A secret is looked at and never shown.

use super::finding::{Outcome, Problem};

/// A secret of the settings. It has neither `Debug` nor `Display`.
pub(crate) struct SecretText(String);

impl SecretText {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

/// What people write where a secret should be.
const PLACEHOLDERS: [&str; 11] = [
    "secret",
    "password",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "default",
    "hardcoded",
    "insecure",
    "letmein",
    "replace",
];

/// Of characters as varied as these are, fewer can be guessed.
const LEAST_BITS: f64 = 100.0;

/// What is weak about a secret.
fn weakness(secret: &SecretText) -> Option<String> {
    let text = &secret.0;
    let lower = text.to_ascii_lowercase();
    if let Some(word) = PLACEHOLDERS.iter().find(|word| lower.contains(*word)) {
        return Some(format!("looks like a placeholder: it holds \"{word}\""));
    }
    let bytes = text.as_bytes();
    let steps = bytes.windows(2).filter(|pair| match pair {
        [one, next] => one == next || one.checked_add(1) == Some(*next),
        _ => false,
    });
    if bytes.len() > 1 && steps.count() * 2 >= bytes.len() {
        return Some("is a sequence, not chosen at random".to_owned());
    }
    (bits(bytes) < LEAST_BITS).then(|| "is too short or too uniform to be random".to_owned())
}

/// Shannon's measure of the characters, times their number: an upper bound of what was random.
fn bits(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = u32::try_from(bytes.len()).map_or(f64::INFINITY, f64::from);
    let used = counts.iter().filter(|count| **count > 0);
    used.map(|count| f64::from(*count) * (length / f64::from(*count)).log2())
        .sum()
}

pub(crate) fn root_secret(secret: Option<&SecretText>) -> Outcome {
    let Some(secret) = secret else {
        return Outcome::skipped("GATEWAY_JWT_SECRET is not set here");
    };
    let mend = "just generate-jwt-secret --force, then just up";
    let problem = weakness(secret)
        .map(|weakness| Problem::fail(format!("GATEWAY_JWT_SECRET {weakness}"), mend));
    Outcome::of(problem.into_iter().collect(), "it looks random")
}

/// The passwords of both users of Redis, as far as they are known here.
pub(crate) fn redis_passwords(
    own: Option<&SecretText>,
    verifier: Option<&SecretText>,
    is_local: bool,
) -> Outcome {
    let mend = "just generate-redis-password --force, then just up";
    let mut problems = Vec::new();
    let named = [
        ("REDIS_PASSWORD", own),
        ("REDIS_VERIFIER_PASSWORD", verifier),
    ];
    for (name, secret) in named {
        if let Some(weakness) = secret.and_then(weakness) {
            problems.push(Problem::fail(format!("{name} {weakness}"), mend));
        }
    }
    match (own, verifier) {
        (None, _) if is_local => return Outcome::skipped("REDIS_PASSWORD is not set here"),
        (None, _) => problems.push(Problem::fail("REDIS_PASSWORD is not set", mend)),
        (Some(own), Some(verifier)) if own.0 == verifier.0 => problems.push(Problem::fail(
            "REDIS_PASSWORD and REDIS_VERIFIER_PASSWORD are the same: the verifier could write",
            mend,
        )),
        _ => {}
    }
    let seen = match verifier {
        Some(_) => "both look random, and differ",
        None => "it looks random; the verifier's is not set here",
    };
    Outcome::of(problems, seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    const GOOD: &str = "mV0Q4xk2w8b1zq3JtY7nRf5uHc9LsEa6pDg+oTiUvXM=";
    const OTHER: &str = "p1fKq7Zt0hXyB3mRw9sVc5nLd8gJa2uE6oQiTkWzYbM=";

    #[test]
    fn what_was_not_random_is_found() {
        for weak in [
            "edge-test-root-secret-0123456789abcdef0123456789",
            "CHANGEME-CHANGEME-CHANGEME-CHANGEME-",
            "0123456789abcdef0123456789abcdef",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababababababab",
            "hunter2",
        ] {
            assert_eq!(
                root_secret(Some(&secret(weak))).verdict(),
                Verdict::Fail,
                "{weak}"
            );
        }
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for good in [GOOD, OTHER, hex] {
            assert_eq!(
                root_secret(Some(&secret(good))).verdict(),
                Verdict::Ok,
                "{good}"
            );
        }
        assert_eq!(root_secret(None).verdict(), Verdict::Skipped);
    }

    #[test]
    fn the_users_of_redis_have_different_passwords() {
        let (good, other) = (secret(GOOD), secret(OTHER));
        let verdict = |own, verifier| redis_passwords(own, verifier, false).verdict();
        assert_eq!(verdict(Some(&good), Some(&other)), Verdict::Ok);
        assert_eq!(verdict(Some(&good), Some(&good)), Verdict::Fail);
        assert_eq!(verdict(None, None), Verdict::Fail);
        assert_eq!(
            verdict(Some(&good), Some(&secret("hunter2"))),
            Verdict::Fail
        );
    }

    #[test]
    fn no_finding_shows_a_secret() {
        let weak = "hunter2-changeme";
        let shown = format!("{:?}", root_secret(Some(&secret(weak))));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
