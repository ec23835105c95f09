//! The signing keys of `JWT_PRIVATE_KEY_B64` or `JWT_KEY_DIR`.

use std::path::PathBuf;
use std::sync::Arc;

use app_shell::settings::Settings;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_core::keys::{LiveKeys, SigningAlgorithm, SigningKey, SigningKeys};
use token_core::{Seconds, SystemClock};
use token_store::key_directory::FollowedKeys;

/// Where the signing keys come from.
pub enum ConfiguredKeys {
    /// `JWT_PRIVATE_KEY_B64`: one key, which stays.
    One(SigningKey),
    /// `JWT_KEY_DIR`: a ring, which turns.
    Ring(FollowedKeys),
}

impl ConfiguredKeys {
    /// The keys of the moment; a ring is followed from now on. Needs a running runtime.
    pub fn live(self) -> Arc<LiveKeys> {
        match self {
            Self::One(key) => {
                tracing::warn!(
                    "the key of JWT_PRIVATE_KEY_B64 signs and cannot be rotated; those of \
                     JWT_KEY_DIR can"
                );
                Arc::new(LiveKeys::new(SigningKeys::only(key)))
            }
            Self::Ring(followed) => {
                let keys = followed.keys();
                followed.follow();
                keys
            }
        }
    }
}

/// The keys, of which one has `JWT_ALGORITHM`: otherwise the setting was changed and no key was
/// made for it.
pub(super) fn signing_keys(
    settings: &mut Settings,
    token_lifetime: Seconds,
) -> Option<ConfiguredKeys> {
    let expected = "one of RS256, ES256 and EdDSA";
    let algorithm = settings.parsed("JWT_ALGORITHM", SigningAlgorithm::Rs256, expected);
    let (keys, has_algorithm) = if settings.text("JWT_PRIVATE_KEY_B64").is_some() {
        let key = settings.parse_secret_with("JWT_PRIVATE_KEY_B64", |text| {
            let pem = STANDARD.decode(text).map_err(|_| "not base64".to_owned())?;
            SigningKey::from_pkcs8_pem(&pem).map_err(|error| error.to_string())
        })?;
        let fits = key.algorithm() == algorithm;
        (ConfiguredKeys::One(key), fits)
    } else {
        let followed = key_ring(settings, token_lifetime)?;
        let published = followed.keys().signing();
        let mut published = published.published.iter();
        let fits = published.any(|key| key.algorithm() == algorithm);
        (ConfiguredKeys::Ring(followed), fits)
    };
    if !has_algorithm {
        let problem = format!("is {}, but no key is of that kind", algorithm.name());
        let mend = "`just rotate-keys` makes one; or change it";
        settings.fault("JWT_ALGORITHM", &problem, mend);
    }
    Some(keys)
}

fn key_ring(settings: &mut Settings, token_lifetime: Seconds) -> Option<FollowedKeys> {
    let directory = settings
        .text("JWT_KEY_DIR")
        .unwrap_or_else(|| "/keys/signing".to_owned());
    let opened = FollowedKeys::open(
        PathBuf::from(directory),
        token_lifetime,
        Arc::new(SystemClock),
    );
    opened
        .map_err(|error| {
            let problem = app_shell::error_chain(&error);
            let mend = "`just generate-rsa-keys` makes a key";
            settings.fault("JWT_KEY_DIR", &problem, mend);
        })
        .ok()
}
