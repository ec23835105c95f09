//! Client authentication at the token, revocation and introspection endpoints (OAuth 2.1 section
//! 2.4; RFC 6749 section 2.3): `none`, `client_secret_basic`, `client_secret_post`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_core::ClientId;
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::{Client, ClientCredential};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::ClientSecret;

use super::{Context, OAuthFailure, Parameters};

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
    secret: Option<ClientSecret>,
}

/// Authenticates the client of a request. `authorization` is the value of that header, if any.
pub async fn authenticate(
    context: &Context,
    authorization: Option<&str>,
    form: &Parameters,
) -> Result<AuthenticatedClient, OAuthFailure> {
    let presented = presented(authorization, form)?;
    let client = context
        .store
        .client(&presented.client_id, context.now())
        .await?;
    match client {
        Some(client) if proves(&client.credential, presented.secret.as_ref()) => {
            Ok(AuthenticatedClient(client))
        }
        _ => {
            context.record(&AuditEvent::AuthFailure {
                reason: FailureReason::InvalidClient,
                client_id: Some(presented.client_id),
                user_id: None,
            });
            // One answer for an unknown client and a wrong secret: nobody learns which exist.
            Err(invalid_client(
                "the client is unknown or its credentials are wrong",
            ))
        }
    }
}

/// A client with a secret must present it, by either of the two ways; a public one need not.
fn proves(credential: &ClientCredential, secret: Option<&ClientSecret>) -> bool {
    match credential {
        ClientCredential::None => true,
        ClientCredential::ClientSecretBasic { secret_hash }
        | ClientCredential::ClientSecretPost { secret_hash } => {
            secret.is_some_and(|secret| secret.hash() == *secret_hash)
        }
        ClientCredential::PrivateKeyJwt { .. } => false,
    }
}

fn presented(authorization: Option<&str>, form: &Parameters) -> Result<Presented, OAuthFailure> {
    let in_form = form.single("client_id")?;
    let secret_in_form = form.single("client_secret")?;
    let Some(header) = authorization else {
        let client_id = in_form.ok_or_else(|| invalid_client("client_id is missing"))?;
        return Ok(Presented {
            client_id: client_id_of(client_id)?,
            secret: secret_in_form.map(ClientSecret::presented),
        });
    };
    let (client_id, secret) =
        basic(header).ok_or_else(|| invalid_client("the Authorization header is not Basic"))?;
    // RFC 6749 section 2.3: one method a request. A client_id beside Basic is repetition only.
    if secret_in_form.is_some() {
        return Err(OAuthFailure::invalid_request(
            "the client authenticates in two ways at once",
        ));
    }
    if in_form.is_some_and(|other| other != client_id) {
        return Err(OAuthFailure::invalid_request(
            "two different client_ids are given",
        ));
    }
    Ok(Presented {
        client_id: client_id_of(&client_id)?,
        secret: Some(secret),
    })
}

fn client_id_of(text: &str) -> Result<ClientId, OAuthFailure> {
    ClientId::parse(text)
        .map_err(|_| invalid_client("the client is unknown or its credentials are wrong"))
}

/// `Basic` with both halves form-encoded (RFC 6749 section 2.3.1, appendix B).
fn basic(header: &str) -> Option<(String, ClientSecret)> {
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
        let (id, secret) = basic(&header("a%2Fb:s%26+x")).unwrap();
        assert_eq!((id.as_str(), secret.expose()), ("a/b", "s& x"));
        for wrong in [
            "",
            "Basic",
            "Basic !!!",
            "Bearer abc",
            &header("no-colon"),
            &header("a&b:c"),
        ] {
            assert!(basic(wrong).is_none(), "{wrong}");
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
        let secret = ClientSecret::presented("é non-ascii");
        let credential = ClientCredential::ClientSecretPost {
            secret_hash: secret.hash(),
        };
        assert!(proves(&credential, Some(&secret)));
        assert!(!proves(
            &credential,
            Some(&ClientSecret::presented("e non-ascii"))
        ));
        assert!(!proves(&credential, None));
        assert!(proves(&ClientCredential::None, None));
    }
}
