//! Where Redis is and how one signs in there.

use std::fmt;
use std::time::Duration;

use ::redis::io::tcp::TcpSettings;
use ::redis::{ConnectionInfo, IntoConnectionInfo as _};
use thiserror::Error;

/// How long the kernel waits for an answer to what was sent, before it ends a connection whose
/// other end has vanished without a word.
#[cfg(target_os = "linux")]
const VANISHED_AFTER: Duration = Duration::from_secs(2);

/// Where Redis is and how one signs in there. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://[user@]host[:port][/db]` or `redis+unix:///path[?user=…]`.
    pub url: String,
    /// The password; it goes before one in the URL.
    pub password: Option<String>,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").finish_non_exhaustive()
    }
}

/// The URL is none of a Redis. It is not repeated here, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "not the address of a Redis: expected redis://[user@]host[:port][/db] or \
     redis+unix:///path[?user=name]"
)]
pub struct RedisSettingsError;

impl RedisSettings {
    pub(super) fn connection_info(&self) -> Result<ConnectionInfo, RedisSettingsError> {
        let info = self
            .url
            .as_str()
            .into_connection_info()
            .map_err(|_| RedisSettingsError)?;
        // The verifier's user may not run `CLIENT`, with which the driver would give its name.
        let mut redis = info.redis_settings().clone().set_skip_set_lib_name();
        if let Some(password) = &self.password {
            redis = redis.set_password(password);
        }
        let tcp = TcpSettings::default().set_nodelay(true);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(VANISHED_AFTER);
        Ok(info.set_redis_settings(redis).set_tcp_settings(tcp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_an_error_shows_a_password() {
        let settings = RedisSettings {
            url: "redis://user:in-the-url@host:port".to_owned(),
            password: Some("apart".to_owned()),
        };
        let error = settings.connection_info().unwrap_err();
        let shown = format!("{settings:?} {error} {error:?}");
        assert!(!shown.contains("in-the-url") && !shown.contains("apart"));
    }

    #[test]
    fn the_separate_password_joins_the_user_of_the_url() {
        let info = RedisSettings {
            url: "redis://verifier@redis:6379".to_owned(),
            password: Some("apart".to_owned()),
        }
        .connection_info()
        .unwrap();
        let redis = info.redis_settings();
        assert_eq!(
            (redis.username(), redis.password()),
            (Some("verifier"), Some("apart"))
        );
        assert!(!format!("{info:?}").contains("apart"));
    }
}
