//! Two verifiers before one Redis against a simple model: whatever happens, and in whatever
//! order, nothing that is forbidden passes, and nothing that is allowed is refused once the system
//! has settled. `PROPTEST_CASES` asks for more sequences.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod keys;
mod link;
mod model;
mod play;
mod redis_server;
mod stories;
mod system;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::play::Play;

/// How many sequences are played where nothing else is said.
const CASES: u32 = 20;

/// What may happen.
#[derive(Debug, Clone)]
enum Step {
    /// A token is issued to a person by an issuer whose clock is off by `skew`; `early`: somebody
    /// tries it before it is in the store; in a grant that there is, or a new one.
    Issue {
        person: usize,
        skew: i64,
        early: bool,
        grant: Option<usize>,
    },
    /// Every token is used at a verifier.
    Use {
        at: usize,
    },
    /// The same at both.
    UseEverywhere,
    /// A token with another signature is tried.
    Forge {
        at: usize,
        token: usize,
    },
    Revoke {
        token: usize,
    },
    /// While many use it.
    RevokeInUse {
        token: usize,
    },
    /// While it is used for the first time, several times over.
    RevokeNew {
        person: usize,
    },
    /// While a verifier that remembers it has no connection.
    Missed {
        at: usize,
        token: usize,
    },
    EndGrant {
        token: usize,
    },
    Pass {
        seconds: u64,
    },
    /// A new key is published, and signs; `known`: the verifiers polled it before, as they should.
    Rotate {
        known: bool,
    },
    /// A verifier polls what is published.
    Poll {
        at: usize,
    },
    /// A key is taken back; `published`: auth-service has not heard of it.
    Retire {
        key: usize,
        published: bool,
    },
    /// The list is changed, and a reload announced: these bits of people are on it.
    Admit {
        people: u8,
    },
    Cut {
        at: usize,
    },
    Silence {
        at: usize,
    },
    /// And it is used after the time for which silence is believed, before it has noticed.
    LongSilence {
        at: usize,
    },
    Forget {
        at: usize,
    },
    Heal {
        at: usize,
    },
    Settle {
        at: usize,
    },
    StopRedis,
    StartRedis,
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..2_usize;
    let any_token = || 0..64_usize;
    let issue = (
        0..3_usize,
        -30..=34_i64,
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.3, any_token()),
    );
    prop_oneof![
        8 => issue.prop_map(|(person, skew, early, grant)| Step::Issue {
            person,
            skew,
            early,
            grant,
        }),
        6 => at().prop_map(|at| Step::Use { at }),
        8 => Just(Step::UseEverywhere),
        1 => (at(), any_token()).prop_map(|(at, token)| Step::Forge { at, token }),
        3 => any_token().prop_map(|token| Step::Revoke { token }),
        3 => any_token().prop_map(|token| Step::RevokeInUse { token }),
        1 => (0..3_usize).prop_map(|person| Step::RevokeNew { person }),
        3 => (at(), any_token()).prop_map(|(at, token)| Step::Missed { at, token }),
        2 => any_token().prop_map(|token| Step::EndGrant { token }),
        4 => (1..=6_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => (30..=90_u64).prop_map(|seconds| Step::Pass { seconds }),
        2 => proptest::bool::weighted(0.8).prop_map(|known| Step::Rotate { known }),
        2 => at().prop_map(|at| Step::Poll { at }),
        3 => (any_token(), any::<bool>())
            .prop_map(|(key, published)| Step::Retire { key, published }),
        3 => (0..8_u8).prop_map(|people| Step::Admit { people }),
        3 => at().prop_map(|at| Step::Cut { at }),
        2 => at().prop_map(|at| Step::Silence { at }),
        2 => at().prop_map(|at| Step::LongSilence { at }),
        1 => at().prop_map(|at| Step::Forget { at }),
        4 => at().prop_map(|at| Step::Heal { at }),
        5 => at().prop_map(|at| Step::Settle { at }),
        1 => Just(Step::StopRedis),
        2 => Just(Step::StartRedis),
    ]
}

#[test]
fn nothing_forbidden_passes_and_nothing_allowed_is_refused_once_settled() {
    let mut config = Config {
        max_shrink_time: 120_000,
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let steps = proptest::collection::vec(step(), 1..60);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        actix_web::rt::System::new().block_on(async {
            let mut play = Play::begin().await;
            for step in &steps {
                play.take(step).await;
            }
            play.end().await;
        });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
