//! Management of a registration by whoever holds its token (RFC 7592): read, replace, delete.
//!
//! A public client may be shared by everybody who registered the same metadata. Nobody can change
//! it, therefore, and who deletes it gives his own token back and no more.

use token_core::ClientId;
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::{Client, ClientCredential};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::{ClientSecret, RegistrationToken};

use super::registration::{Metadata, Method, Registered};
use super::revocation::end_grant;
use super::{Context, OAuthFailure};

/// A client and the token that proved to be one of its own.
pub struct Managed {
    client: Client,
    token: RegistrationToken,
}

/// Finds the client that a token manages. One answer for a client that is not there and a token
/// that is not its own (RFC 7592 section 2.1): nobody learns which clients exist.
pub async fn managed(
    context: &Context,
    client_id: &str,
    token: Option<RegistrationToken>,
) -> Result<Managed, OAuthFailure> {
    let refused = || {
        OAuthFailure::new(
            OAuthErrorCode::InvalidToken,
            "the token manages no client here",
        )
    };
    let client_id = ClientId::parse(client_id).map_err(|_| refused())?;
    let token = token.ok_or_else(refused)?;
    let client = context.store.client(&client_id, context.now()).await?;
    match client {
        Some(client) if client.registration_tokens.contains(&token.hash()) => {
            Ok(Managed { client, token })
        }
        _ => {
            context.record(&AuditEvent::AuthFailure {
                reason: FailureReason::InvalidClient,
                client_id: Some(client_id),
                user_id: None,
            });
            Err(refused())
        }
    }
}

impl Managed {
    /// The registration as it stands (RFC 7592 section 2.1). Of a secret only the hash is kept:
    /// it is not shown again.
    pub fn read(self) -> Registered {
        Registered {
            client: self.client,
            secret: None,
            token: self.token,
        }
    }

    /// Puts other metadata in the place of all that there is (RFC 7592 section 2.2): what is left
    /// out has its default.
    pub async fn replace(self, context: &Context, body: &[u8]) -> Result<Registered, OAuthFailure> {
        if self.client.credential == ClientCredential::None {
            let description = "a public client may be shared and cannot be changed; register anew";
            return Err(OAuthFailure::new(OAuthErrorCode::Forbidden, description));
        }
        self.is_meant(body)?;
        let metadata = Metadata::read(body)?;
        let (credential, secret) = self.credential(context, &metadata)?;
        let client = Client {
            client_name: metadata.client_name,
            redirect_uris: metadata.redirect_uris,
            credential,
            grant_types: metadata.grant_types,
            application_type: metadata.application_type,
            scope: metadata.scope,
            ..self.client
        };
        if !context.store.replace_client(&client, context.now()).await? {
            let description = "the token manages no client here";
            return Err(OAuthFailure::new(OAuthErrorCode::InvalidToken, description));
        }
        let client_id = client.client_id.clone();
        context.record(&AuditEvent::ClientChanged { client_id });
        Ok(Registered {
            client,
            secret,
            token: self.token,
        })
    }

    /// Ends the registration (RFC 7592 section 2.3), and with a client of its own what people
    /// granted to it.
    pub async fn delete(self, context: &Context) -> Result<(), OAuthFailure> {
        let (store, now) = (&context.store, context.now());
        let client_id = self.client.client_id;
        if self.client.credential == ClientCredential::None {
            let token = self.token.hash();
            store
                .end_registration_token(&client_id, &token, now)
                .await?;
        } else {
            // Before, so that a store that fails leaves a client to try again with; and after,
            // for what was granted in between.
            end_grants(context, &client_id).await?;
            store.delete_client(&client_id, now).await?;
            end_grants(context, &client_id).await?;
        }
        context.record(&AuditEvent::ClientDeleted { client_id });
        Ok(())
    }

    /// The body must name this client, and its secret if it names one (RFC 7592 section 2.2).
    fn is_meant(&self, body: &[u8]) -> Result<(), OAuthFailure> {
        #[derive(serde::Deserialize)]
        struct Named {
            client_id: Option<String>,
            client_secret: Option<String>,
        }
        let wrong = OAuthFailure::invalid_request;
        let named: Named = serde_json::from_slice(body)
            .map_err(|_| wrong("the body is not a JSON object of client metadata (RFC 7591)"))?;
        if named.client_id.as_deref() != Some(self.client.client_id.as_str()) {
            return Err(wrong(
                "client_id must be in the body, and be the one of the address",
            ));
        }
        let presented = named.client_secret.map(ClientSecret::presented);
        match (&self.client.credential, presented) {
            (_, None) => Ok(()),
            (
                ClientCredential::ClientSecretBasic { secret_hash }
                | ClientCredential::ClientSecretPost { secret_hash },
                Some(secret),
            ) if secret.hash() == *secret_hash => Ok(()),
            _ => Err(wrong("client_secret is not the one of the client")),
        }
    }

    /// A client with a secret keeps it; one that changes from keys to a secret gets one. What has
    /// credentials cannot become public: its identifier is not of the kind that is shared.
    fn credential(
        &self,
        context: &Context,
        metadata: &Metadata,
    ) -> Result<(ClientCredential, Option<ClientSecret>), OAuthFailure> {
        let kept = match &self.client.credential {
            ClientCredential::ClientSecretBasic { secret_hash }
            | ClientCredential::ClientSecretPost { secret_hash } => Some(*secret_hash),
            _ => None,
        };
        match (&metadata.method, kept) {
            (Method::None, _) => Err(OAuthFailure::new(
                OAuthErrorCode::InvalidClientMetadata,
                "a client with credentials cannot become public; register anew",
            )),
            (Method::SecretBasic, Some(secret_hash)) => {
                Ok((ClientCredential::ClientSecretBasic { secret_hash }, None))
            }
            (Method::SecretPost, Some(secret_hash)) => {
                Ok((ClientCredential::ClientSecretPost { secret_hash }, None))
            }
            _ => metadata.new_credential(context),
        }
    }
}

async fn end_grants(context: &Context, client_id: &ClientId) -> Result<(), OAuthFailure> {
    let now = context.now();
    for grant in context.store.client_grants(client_id, now).await? {
        if end_grant(context, &grant, now).await? {
            context.record(&AuditEvent::GrantRevoked { grant });
        }
    }
    Ok(())
}
