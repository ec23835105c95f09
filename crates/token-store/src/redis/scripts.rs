//! The atomic steps. Redis runs a script alone; each is sent once and then called by its hash.
//!
//! A script reaches keys that are not in its `KEYS` in three cases. `end_grant` and `restore_mark`
//! delete what the grant's sorted set names, and a device's two keys name each other: those are in one slot, so it
//! holds in a cluster too. `register_client` deletes the clients that the sorted set names, which
//! are not (`keys` says what a cluster would need).

use std::sync::LazyLock;

use ::redis::Script;

macro_rules! script {
    ($name:ident, $($file:literal),+) => {
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                include_str!("scripts/prelude.lua"),
                $(include_str!($file)),+
            ))
        });
    };
}

script!(CONSUME_CODE, "scripts/consume_code.lua");
script!(
    ISSUE_TOKENS,
    "scripts/grants.lua",
    "scripts/issue_tokens.lua"
);
script!(
    ROTATE_REFRESH,
    "scripts/grants.lua",
    "scripts/rotate_refresh.lua"
);
script!(REVOKE_TOKEN, "scripts/revoke_token.lua");
script!(END_GRANT, "scripts/ending.lua", "scripts/end_grant.lua");

script!(PUT_CLIENT, "scripts/clients.lua", "scripts/put_client.lua");
script!(
    REGISTER_CLIENT,
    "scripts/clients.lua",
    "scripts/register_client.lua"
);
script!(
    REPLACE_CLIENT,
    "scripts/clients.lua",
    "scripts/replace_client.lua"
);
script!(
    PROLONG_CLIENT,
    "scripts/clients.lua",
    "scripts/prolong_client.lua"
);
script!(
    END_REGISTRATION_TOKEN,
    "scripts/clients.lua",
    "scripts/end_registration_token.lua"
);
script!(
    DELETE_CLIENT,
    "scripts/clients.lua",
    "scripts/delete_client.lua"
);

script!(PUT_DEVICE, "scripts/put_device.lua");
script!(DEVICE, "scripts/devices.lua", "scripts/device.lua");
script!(
    DECIDE_DEVICE,
    "scripts/devices.lua",
    "scripts/decide_device.lua"
);
script!(
    POLL_DEVICE,
    "scripts/devices.lua",
    "scripts/poll_device.lua"
);

script!(FIRST_USE, "scripts/first_use.lua");

script!(TRIM, "scripts/trim.lua");

script!(
    RESTORE_CLIENT,
    "scripts/clients.lua",
    "scripts/restore_client.lua"
);
script!(
    RESTORE_TOKEN,
    "scripts/grants.lua",
    "scripts/restore_token.lua"
);
script!(
    RESTORE_MARK,
    "scripts/ending.lua",
    "scripts/restore_mark.lua"
);
script!(
    RESTORE_DELETION,
    "scripts/clients.lua",
    "scripts/restore_deletion.lua"
);
script!(CLEAR_TOKEN, "scripts/clear_token.lua");
script!(
    CLEAR_CLIENT,
    "scripts/clients.lua",
    "scripts/clear_client.lua"
);
