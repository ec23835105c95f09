//! Request parameters in `application/x-www-form-urlencoded` (RFC 6749 sections 3.1, 3.2 and
//! appendix B): an empty one counts as absent, a repeated one is refused.

use std::borrow::Cow;

use super::OAuthFailure;

/// The parameters of one request, in their order.
#[derive(Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string or a form body.
    pub fn parse(encoded: &[u8]) -> Self {
        let owned =
            |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
        Self(url::form_urlencoded::parse(encoded).map(owned).collect())
    }

    /// The value of a parameter that may stand once.
    pub fn single(&self, name: &'static str) -> Result<Option<&str>, OAuthFailure> {
        let mut values = self.values(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(OAuthFailure::invalid_request("a parameter is repeated")),
        }
    }

    /// The value of a parameter that must stand once.
    pub fn required(
        &self,
        name: &'static str,
        missing: &'static str,
    ) -> Result<&str, OAuthFailure> {
        self.single(name)?
            .ok_or_else(|| OAuthFailure::invalid_request(missing))
    }

    /// The value of `resource`, which clients repeat (RFC 8707 section 2 allows several): the same
    /// value again is one, different ones are `Err` with `invalid_target` left to the caller.
    pub fn resource(&self) -> Result<Option<&str>, SeveralResources> {
        let mut values = self.values("resource");
        let first = values.next();
        if values.all(|other| Some(other) == first) {
            Ok(first)
        } else {
            Err(SeveralResources)
        }
    }

    /// What looks like `name`'s value for a person's eye or a log of absence: the first, even if
    /// it is repeated.
    pub fn first(&self, name: &'static str) -> Option<&str> {
        self.values(name).next()
    }

    /// Those with these names, form-encoded, to be kept.
    pub fn encoded(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| names.contains(&&**name));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .finish()
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Several different values of `resource`: a token is for one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeveralResources;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_absent_and_repeated_is_refused() {
        let parameters = Parameters::parse(b"a=1&b=&c=x&c=y&d=%C3%A9+z&resource=r&resource=r");
        assert_eq!(parameters.single("a").unwrap(), Some("1"));
        assert_eq!(parameters.single("b").unwrap(), None);
        assert!(parameters.single("c").is_err());
        assert_eq!(parameters.single("d").unwrap(), Some("é z"));
        assert_eq!(parameters.resource(), Ok(Some("r")));
        assert_eq!(
            Parameters::parse(b"resource=r&resource=s").resource(),
            Err(SeveralResources)
        );
        assert!(parameters.required("missing", "m").is_err());
    }
}
