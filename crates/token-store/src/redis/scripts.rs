//! The atomic steps. Redis runs a script alone; each is sent once and then called by its hash.
//!
//! A script reaches keys that are not in its `KEYS` in one case: `end_grant` deletes what the
//! grant's sorted set names. Those are in the grant's own slot, so it holds in a cluster too.

use std::sync::LazyLock;

use ::redis::Script;

macro_rules! script {
    ($name:ident, $file:literal) => {
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                include_str!("scripts/prelude.lua"),
                include_str!($file)
            ))
        });
    };
}

script!(CONSUME_CODE, "scripts/consume_code.lua");
script!(ISSUE_TOKENS, "scripts/issue_tokens.lua");
script!(ROTATE_REFRESH, "scripts/rotate_refresh.lua");
script!(REVOKE_TOKEN, "scripts/revoke_token.lua");
script!(END_GRANT, "scripts/end_grant.lua");
