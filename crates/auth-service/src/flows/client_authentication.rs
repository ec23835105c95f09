//! Client authentication at the token, revocation and introspection endpoints (OAuth 2.1 section
//! 2.4; RFC 6749 section 2.3; RFC 7523 section 2.2): `none`, `client_secret_basic`,
//! `client_secret_post`, `private_key_jwt`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_core::ClientId;
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::{Client, ClientCredential};
use token_core::client_assertion;
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::ClientSecret;

use super::clients::find_at_once;
use super::errands::Patience;
use super::{Context, OAuthFailure, Parameters, client_keys, private_key_jwt};

/// A client that has proved itself as far as its registration asks.
#[derive(Debug)]
pub struct AuthenticatedClient(Client);

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// What a request presents.
struct Presented {
    client_id: ClientId,
    proof: Proof,
}

/// What a request proves its client with.
enum Proof {
    None,
    Secret(ClientSecret),
    Assertion(String),
}

/// Authenticates the client of a request. `authorization` is the value of that header, if any.
pub async fn authenticate(
    context: &Context,
    authorization: Option<&str>,
    form: &Parameters,
    patience: Patience,
) -> Result<AuthenticatedClient, OAuthFailure> {
    let presented = presented(authorization, form)?;
    if let Some(client) = find_at_once(context, &presented.client_id, patience).await?
        && proves(context, &client, &presented.proof, patience).await?
    {
        return Ok(AuthenticatedClient(client));
    }
    Err(refused(context, &presented.client_id))
}

/// One answer for an unknown client and a wrong secret: nobody learns which exist.
pub(super) fn refused(context: &Context, client_id: &ClientId) -> OAuthFailure {
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::InvalidClient,
        client_id: Some(client_id.clone()),
        user_id: None,
    });
    wrong()
}

async fn proves(
    context: &Context,
    client: &Client,
    proof: &Proof,
    patience: Patience,
) -> Result<bool, OAuthFailure> {
    match (&client.credential, proof) {
        (
            ClientCredential::PrivateKeyJwt { keys }
            | ClientCredential::NoneOrPrivateKeyJwt { keys },
            Proof::Assertion(assertion),
        ) => {
            let presented = client_keys::Presented {
                client_id: &client.client_id,
                keys,
                assertion,
            };
            private_key_jwt::proves(context, &presented, patience).await
        }
        (credential, proof) => Ok(proves_by_secret(credential, proof)),
    }
}

/// A client with a secret must present it, by either of the two ways; a public one need not.
fn proves_by_secret(credential: &ClientCredential, proof: &Proof) -> bool {
    match (credential, proof) {
        (_, Proof::Assertion(_)) | (ClientCredential::PrivateKeyJwt { .. }, _) => false,
        (ClientCredential::None | ClientCredential::NoneOrPrivateKeyJwt { .. }, _) => true,
        (
            ClientCredential::ClientSecretBasic { secret_hash }
            | ClientCredential::ClientSecretPost { secret_hash },
            Proof::Secret(secret),
        ) => secret.hash() == *secret_hash,
        (_, Proof::None) => false,
    }
}

/// Whether the store alone knows the client of this form: one is named, it shows no secret and no
/// assertion, which a host of its own may have to vouch for, and has no document there.
pub fn is_plainly_public(form: &Parameters) -> bool {
    presented(None, form).is_ok_and(|presented| {
        matches!(presented.proof, Proof::None) && presented.client_id.document_url().is_none()
    })
}

/// RFC 6749 section 2.3: one method a request.
fn presented(authorization: Option<&str>, form: &Parameters) -> Result<Presented, OAuthFailure> {
    let in_form = form.single("client_id")?;
    let secret = form.single("client_secret")?;
    let assertion = assertion(form)?;
    let (client_id, proof) = match (authorization, secret, assertion) {
        (None, secret, None) => {
            let client_id = in_form.ok_or_else(|| invalid_client("client_id is missing"))?;
            let proof = secret.map_or(Proof::None, |secret| {
                Proof::Secret(ClientSecret::presented(secret))
            });
            (client_id_of(client_id)?, proof)
        }
        (Some(header), None, None) => {
            let (client_id, secret) = basic_credentials(header)
                .ok_or_else(|| invalid_client("the Authorization header is not Basic"))?;
            (client_id_of(&client_id)?, Proof::Secret(secret))
        }
        (None, None, Some(assertion)) => {
            let client_id = client_assertion::claimed_client(assertion).map_err(|_| wrong())?;
            (client_id, Proof::Assertion(assertion.to_owned()))
        }
        _ => {
            return Err(OAuthFailure::invalid_request(
                "the client authenticates in two ways at once",
            ));
        }
    };
    // A client_id beside the other two is repetition only.
    if in_form.is_some_and(|other| other != client_id.as_str()) {
        return Err(OAuthFailure::invalid_request(
            "two different client_ids are given",
        ));
    }
    Ok(Presented { client_id, proof })
}

/// RFC 7521 section 4.2.
fn assertion(form: &Parameters) -> Result<Option<&str>, OAuthFailure> {
    let assertion = form.single("client_assertion")?;
    match (form.single("client_assertion_type")?, assertion) {
        (None, None) => Ok(None),
        (Some(client_assertion::TYPE), Some(assertion)) => Ok(Some(assertion)),
        (Some(_), Some(_)) => Err(invalid_client("client_assertion_type is not known here")),
        _ => Err(OAuthFailure::invalid_request(
            "client_assertion and client_assertion_type go together",
        )),
    }
}

fn client_id_of(text: &str) -> Result<ClientId, OAuthFailure> {
    ClientId::parse(text).map_err(|_| wrong())
}

fn wrong() -> OAuthFailure {
    invalid_client("the client is unknown or its credentials are wrong")
}

/// `Basic` with both halves form-encoded (RFC 6749 section 2.3.1, appendix B): what the header
/// says, of whomever.
pub fn basic_credentials(header: &str) -> Option<(String, ClientSecret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    Some((
        form_decoded(client_id)?,
        ClientSecret::presented(form_decoded(secret)?),
    ))
}

/// One form-encoded value. Neither `&` nor `=` can stand in it.
fn form_decoded(text: &str) -> Option<String> {
    let wrapped = format!("v={text}");
    let mut pairs = url::form_urlencoded::parse(wrapped.as_bytes());
    let (_, value) = pairs.next()?;
    pairs.next().is_none().then(|| value.into_owned())
}

fn invalid_client(description: &'static str) -> OAuthFailure {
    OAuthFailure::new(OAuthErrorCode::InvalidClient, description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn basic_is_form_encoded_underneath() {
        let (id, secret) = basic_credentials(&header("a%2Fb:s%26+x")).unwrap();
        assert_eq!((id.as_str(), secret.expose()), ("a/b", "s& x"));
        for wrong in [
            "",
            "Basic",
            "Basic !!!",
            "Bearer abc",
            &header("no-colon"),
            &header("a&b:c"),
        ] {
            assert!(basic_credentials(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn one_method_a_request() {
        let form = Parameters::parse(b"client_id=a&client_secret=s");
        assert!(presented(Some(&header("a:s")), &form).is_err());
        let form = Parameters::parse(b"client_id=b");
        assert!(presented(Some(&header("a:s")), &form).is_err());
        let form = Parameters::parse(b"client_id=a");
        assert_eq!(
            presented(Some(&header("a:s")), &form)
                .unwrap()
                .client_id
                .as_str(),
            "a"
        );
        assert!(presented(None, &Parameters::default()).is_err());
    }

    #[test]
    fn a_secret_must_be_shown_where_there_is_one() {
        let secret = |text: &str| Proof::Secret(ClientSecret::presented(text));
        let credential = ClientCredential::ClientSecretPost {
            secret_hash: ClientSecret::presented("é non-ascii").hash(),
        };
        assert!(proves_by_secret(&credential, &secret("é non-ascii")));
        assert!(!proves_by_secret(&credential, &secret("e non-ascii")));
        assert!(!proves_by_secret(&credential, &Proof::None));
        assert!(proves_by_secret(&ClientCredential::None, &Proof::None));
        let assertion = Proof::Assertion("a.b.c".to_owned());
        assert!(!proves_by_secret(&ClientCredential::None, &assertion));
    }
}
