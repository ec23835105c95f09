//! Secrets: types that cannot be printed, and the hash under which they are kept.

use std::fmt;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::identifiers::{GrantId, split_grant};
use crate::text::InvalidText;

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// What is kept of a secret: its SHA-256. The secrets are random and at least 128 bits long, so
/// that a plain hash cannot be reversed. Compared in constant time.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret's text.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret.as_bytes()))
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0, &URL_SAFE_NO_PAD).fmt(f)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({self})")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for SecretHash {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let invalid = InvalidText {
            what: "hash",
            expected: "43 base64url characters",
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid.clone())?;
        bytes.try_into().map(Self).map_err(|_| invalid)
    }
}

/// Defines a secret text: no `Display`, no `Serialize`, a redacted `Debug`, wiped when dropped.
macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// The text itself, to be handed to its owner and to nobody else.
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// What is kept of it.
            pub fn hash(&self) -> SecretHash {
                SecretHash::of(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

/// Adds the making and taking of secrets that stand alone.
macro_rules! standalone_secret {
    ($name:ident) => {
        impl $name {
            /// A new one of 256 random bits.
            pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
                entropy.token(32).map(|text| Self(Zeroizing::new(text)))
            }

            /// One that somebody presents; any text, since only its hash is looked at.
            pub fn presented(text: impl Into<String>) -> Self {
                Self(Zeroizing::new(text.into()))
            }
        }
    };
}

/// Adds the making and taking of secrets of the form `GRANT.rest`.
macro_rules! grant_secret {
    ($name:ident, $what:literal) => {
        impl $name {
            /// A new one of 256 random bits within a grant.
            pub fn generate(grant: &GrantId, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
                let rest = Zeroizing::new(entropy.token(32)?);
                Ok(Self(Zeroizing::new([grant.as_str(), ".", &rest].concat())))
            }

            /// One that a client presents, when it has the form `GRANT.rest`.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidText> {
                let text = Zeroizing::new(text.into());
                match split_grant(&text) {
                    Some((_, rest)) if rest.len() == 43 => Ok(Self(text)),
                    _ => Err(InvalidText {
                        what: $what,
                        expected: "the form that was issued",
                    }),
                }
            }

            /// Where its record is kept: the grant that it begins with, and its hash.
            pub fn key(&self) -> Result<SecretKey, InvalidText> {
                let (grant, _) = split_grant(&self.0).ok_or(InvalidText {
                    what: $what,
                    expected: "the form that was issued",
                })?;
                Ok(SecretKey {
                    grant: GrantId::parse(grant)?,
                    hash: self.hash(),
                })
            }
        }
    };
}

/// The place of a code's or a refresh token's record: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKey {
    /// The grant that the secret belongs to.
    pub grant: GrantId,
    /// The hash of the whole secret.
    pub hash: SecretHash,
}

secret_text!(
    /// An authorization code (RFC 6749 section 4.1.2), `GRANT.rest`.
    AuthorizationCode
);
grant_secret!(AuthorizationCode, "authorization code");
secret_text!(
    /// A refresh token (RFC 6749 section 1.5), `GRANT.rest`.
    RefreshToken
);
grant_secret!(RefreshToken, "refresh token");
secret_text!(
    /// A client's secret (RFC 6749 section 2.3.1).
    ClientSecret
);
standalone_secret!(ClientSecret);
secret_text!(
    /// The registration access token (RFC 7592 section 3).
    RegistrationToken
);
standalone_secret!(RegistrationToken);
secret_text!(
    /// `state` towards the identity provider (RFC 6749 section 10.12).
    SignInState
);
standalone_secret!(SignInState);
secret_text!(
    /// A random value that a cookie holds and that binds a flow to one browser.
    BrowserBinding
);
standalone_secret!(BrowserBinding);
secret_text!(
    /// A device code (RFC 8628 section 3.2).
    DeviceCode
);
standalone_secret!(DeviceCode);
secret_text!(
    /// A signed access token (RFC 9068) in compact form.
    AccessToken
);
standalone_secret!(AccessToken);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_secret_cannot_be_printed_and_its_hash_finds_it_again() {
        let entropy = SystemEntropy::new();
        let grant = GrantId::generate(&entropy).unwrap();
        let code = AuthorizationCode::generate(&grant, &entropy).unwrap();
        assert!(!format!("{code:?}").contains(code.expose()));
        let again = AuthorizationCode::parse(code.expose()).unwrap();
        assert_eq!(again.key().unwrap(), code.key().unwrap());
        assert_eq!(code.key().unwrap().grant, grant);
        assert_ne!(
            RefreshToken::generate(&grant, &entropy).unwrap().hash(),
            code.hash()
        );
    }

    #[test]
    fn what_was_not_issued_here_is_refused_before_the_store() {
        for text in ["", "x", ".", "a.b", "é.é", "aaaaaaaaaaaaaaaaaaaaaa.short"] {
            assert!(AuthorizationCode::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hash_survives_its_text_form() {
        let hash = SecretHash::of("s");
        assert_eq!(SecretHash::try_from(hash.to_string()).unwrap(), hash);
        assert!(SecretHash::try_from("short".to_owned()).is_err());
    }
}
