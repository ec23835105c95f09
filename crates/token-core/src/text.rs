//! The one way in which a public, textual identifier is made: through a check that can fail.

use thiserror::Error;

/// A text that is not what its type promises. `Display` says what was expected, never the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a valid {what}: {expected}")]
pub struct InvalidText {
    /// The type's name in plain words.
    pub what: &'static str,
    /// What would have been accepted.
    pub expected: &'static str,
}

/// Defines a newtype over `String` whose only constructor is `parse`.
macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text when it keeps the type's promise.
            pub fn parse(text: impl Into<String>) -> Result<Self, $crate::text::InvalidText> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err($crate::text::InvalidText { what: $what, expected: $expected })
                }
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        // By hand: `into` would write a copy.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::text::InvalidText;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::InvalidText;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use text_newtype;

/// Characters of base64url without padding (RFC 4648 section 5).
pub(crate) fn is_base64url(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
