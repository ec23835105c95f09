//! The settings of every command of the operator's. They share `gateway.toml` and the environment,
//! so what one of them takes no other refuses, whether it reads it or not.

use std::path::Path;

use app_shell::settings::Settings;

use crate::operator::system;
use crate::{deployment, doctor, internal_ca, keys_command, serve_config};

/// Every name.
pub(crate) fn known() -> Vec<&'static str> {
    [
        &doctor::SETTINGS[..],
        &system::SETTINGS,
        &auth_service::config::OWN_SETTINGS,
        &forward_auth::config::SETTINGS,
        &fetch_service::config::OWN_SETTINGS,
        &keys_command::SETTINGS,
        &internal_ca::SETTINGS,
        &deployment::SETTINGS,
        &serve_config::known(),
    ]
    .concat()
}

/// What is set here: in `gateway.toml`, where there is one, and in the environment.
pub(crate) fn load() -> Settings {
    let file = Path::new(serve_config::SETTINGS_FILE);
    Settings::load(&known(), file.exists().then_some(file))
}
