//! The store of a deployment, through which the operator tells its processes something at once.

use std::error::Error;

use app_shell::settings::Settings;
use token_store::{RedisSettings, RedisStore};

use crate::keys_command::say;
use crate::operator_settings;

/// The settings that [`store`] reads.
pub(crate) const SETTINGS: [&str; 2] = ["REDIS_URL", "REDIS_PASSWORD"];

/// The store, where there is one: `REDIS_URL` is set.
pub(crate) fn store(settings: &mut Settings) -> Option<RedisStore> {
    let password = settings.text("REDIS_PASSWORD");
    // The URL may hold a password.
    settings.parse_secret_with("REDIS_URL", |url| {
        RedisStore::connect(&RedisSettings {
            url: url.to_owned(),
            password,
        })
    })
}

/// `gateway reload`: every process reads again who may come in.
pub(crate) async fn reload() -> Result<(), Box<dyn Error>> {
    let mut settings = operator_settings::load();
    settings.required("REDIS_URL", "set it to the Redis of the deployment");
    let store = store(&mut settings);
    let store = settings.finish_with(|| store)?;
    store.announce_reload().await?;
    say("told every process to read ALLOWED_GITHUB_USERS again; their logs say who did")?;
    Ok(())
}
