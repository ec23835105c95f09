//! Scopes (RFC 6749 section 3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::text::text_newtype;

text_newtype!(
    /// One scope token (RFC 6749 section 3.3: `1*( %x21 / %x23-5B / %x5D-7E )`).
    Scope,
    "scope",
    "printable ASCII without space, quote and backslash",
    |text| !text.is_empty()
        && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
);

/// "Use this service's tools."
pub const MCP: &str = "mcp";
/// "Stay signed in": a refresh token is wanted. Never in a challenge or in resource metadata.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What was granted: an ordered set of the scopes that this gateway knows. Clones share it: each
/// record of a token has one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Scopes(Arc<BTreeSet<Scope>>);

impl Scopes {
    /// What a request's `scope` asks for: unknown scopes are dropped, and where none is left (or
    /// none was named) it means `mcp`. It cannot fail: clients send what they like here.
    pub fn from_request(requested: Option<&str>) -> Self {
        let mut known: BTreeSet<Scope> = requested
            .unwrap_or_default()
            .split(' ')
            .filter(|token| matches!(*token, MCP | OFFLINE_ACCESS))
            .filter_map(|token| Scope::parse(token).ok())
            .collect();
        if !known.iter().any(|scope| scope.as_str() == MCP) {
            known.extend(Scope::parse(MCP));
        }
        Self(Arc::new(known))
    }

    /// Whether the scope is among them.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| own.as_str() == scope)
    }

    /// Each scope, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// What of `requested` lies within these: `None` means all of them (RFC 6749 section 6).
    /// `mcp` always stays, since a token without it would open nothing.
    #[must_use]
    pub fn narrowed(&self, requested: Option<&str>) -> Self {
        let Some(requested) = requested else {
            return self.clone();
        };
        let wanted = |scope: &&Scope| {
            scope.as_str() == MCP || requested.split(' ').any(|token| token == scope.as_str())
        };
        Self(Arc::new(self.0.iter().filter(wanted).cloned().collect()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for Scopes {
    type Error = crate::text::InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.split(' ')
            .map(Scope::parse)
            .collect::<Result<_, _>>()
            .map(|scopes| Self(Arc::new(scopes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_are_dropped_and_none_means_mcp() {
        for (requested, granted) in [
            (None, "mcp"),
            (Some(""), "mcp"),
            (Some("openid email profile"), "mcp"),
            (Some("offline_access"), "mcp offline_access"),
            (Some("mcp offline_access mcp x\"y"), "mcp offline_access"),
        ] {
            assert_eq!(
                Scopes::from_request(requested).to_string(),
                granted,
                "{requested:?}"
            );
        }
    }

    #[test]
    fn a_refresh_narrows_but_never_widens() {
        let both = Scopes::from_request(Some("mcp offline_access"));
        let one = Scopes::from_request(None);
        assert_eq!(both.narrowed(Some("mcp")), one);
        assert_eq!(both.narrowed(None), both);
        assert_eq!(one.narrowed(Some("mcp offline_access")), one);
        assert_eq!(one.narrowed(Some("admin")), one);
        assert_eq!(both.narrowed(Some("offline_access")), both);
    }

    #[test]
    fn every_byte_at_the_edge_of_the_grammar() {
        for byte in 0_u8..=127 {
            let allowed = matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert_eq!(
                Scope::parse(char::from(byte).to_string()).is_ok(),
                allowed,
                "{byte:#x}"
            );
        }
    }
}
