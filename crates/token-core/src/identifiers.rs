//! The public identifiers that tokens and records carry.

use url::Url;

use crate::entropy::{Entropy, NoEntropy};
use crate::text::{is_base64url, text_newtype};

text_newtype!(
    /// A client's identifier (RFC 6749 section 2.2): 1 to 512 visible ASCII characters.
    ClientId,
    "client_id",
    "1 to 512 visible ASCII characters",
    |text| (1..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

impl ClientId {
    /// The URL that the identifier is, where it is that of a metadata document
    /// (draft-ietf-oauth-client-id-metadata-document section 3): https, with a path, without
    /// fragment, user information and dot segments, and in its normal form, so that one client
    /// cannot go by two names. No registered client has such an identifier.
    pub fn document_url(&self) -> Option<Url> {
        const SCHEME: &str = "https://";
        // Before it is parsed: most clients are registered, and this is asked of every request.
        if !self.0.starts_with(SCHEME) {
            return None;
        }
        let url = Url::parse(&self.0).ok()?;
        let fits = url.as_str() == self.0
            && url.path() != "/"
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        fits.then_some(url)
    }
}

text_newtype!(
    /// One approval by one person for one client: what codes, access and refresh tokens share.
    /// 22 base64url characters (128 bits).
    GrantId,
    "grant id",
    "22 base64url characters",
    |text| text.len() == 22 && is_base64url(text)
);

text_newtype!(
    /// An access token's identifier (RFC 7519 section 4.1.7) as `GRANT.rest`.
    Jti,
    "jti",
    "a grant id, a dot and 22 base64url characters",
    |text| split_grant(text).is_some_and(|(_, rest)| rest.len() == 22)
);

text_newtype!(
    /// A person as `sub` names him: `github|<numeric id>` or `local|owner`. Logins get renamed
    /// and reused, numeric ids do not.
    UserId,
    "user id",
    "a provider, a bar and an id",
    |text| text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_graphic())
        && text.split_once('|').is_some_and(|(provider, id)| !provider.is_empty() && !id.is_empty())
);

text_newtype!(
    /// The login name that the identity provider showed at sign-in. For display and for the
    /// allow-list, never a key.
    Username,
    "username",
    "1 to 100 visible ASCII characters",
    |text| (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

impl Username {
    /// In records of a version that did not keep it. No login has a question mark.
    pub(crate) fn unknown() -> Self {
        Self("?".to_owned())
    }
}

impl GrantId {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        entropy.token(16).map(Self)
    }
}

impl Jti {
    /// A new one within a grant.
    pub fn generate(grant: &GrantId, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self([grant.as_str(), ".", &entropy.token(16)?].concat()))
    }

    /// The grant that the token belongs to.
    pub fn grant(&self) -> GrantId {
        GrantId(self.parts().0.to_owned())
    }

    /// The part after the grant.
    pub fn rest(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

/// Splits `GRANT.rest` when both halves have the right shape.
pub(crate) fn split_grant(text: &str) -> Option<(&str, &str)> {
    let (grant, rest) = text.split_once('.')?;
    (grant.len() == 22 && is_base64url(grant) && !rest.is_empty() && is_base64url(rest))
        .then_some((grant, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_jti_names_its_grant() {
        let entropy = SystemEntropy::new();
        let grant = GrantId::generate(&entropy).unwrap();
        let jti = Jti::generate(&grant, &entropy).unwrap();
        assert_eq!(jti.grant(), grant);
        assert_eq!(Jti::parse(jti.as_str()).unwrap(), jti);
        assert_eq!(jti.rest().len(), 22);
    }

    #[test]
    fn c10_only_a_plain_https_url_with_a_path_is_a_document() {
        let is = |text: &str| ClientId::parse(text).unwrap().document_url().is_some();
        for good in [
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://app.example:8443/client.json?v=1",
        ] {
            assert!(is(good), "{good}");
        }
        for bad in [
            "http://app.example/client.json",
            "https://app.example",
            "https://app.example/",
            "https://app.example/client.json#x",
            "https://user@app.example/client.json",
            "https://app.example/a/../client.json",
            "https://app.example/a/%2e%2e/client.json",
            "https://app.example/./client.json",
            "https://APP.example/client.json",
            "https://app.example:443/client.json",
            "https:app.example/client.json",
            "https://app.example\\client.json",
            "dGhpcyBpcyBubyBVUkw",
        ] {
            assert!(!is(bad), "{bad}");
        }
    }

    #[test]
    fn ill_formed_identifiers_are_refused() {
        for text in ["", "no spaces", "tab\t", "é", &"a".repeat(513)] {
            assert!(ClientId::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "abc.def", "..", "a.b.c"] {
            assert!(Jti::parse(text).is_err(), "{text:?}");
        }
        for text in ["github", "|1", "github|", "a b|1"] {
            assert!(UserId::parse(text).is_err(), "{text:?}");
        }
    }
}
