//! Device authorization (RFC 8628 sections 3.1, 3.2 and 3.3): a device without a browser asks for
//! a code, and a person types it where there is one. From there on the person is asked as anybody
//! is who comes from a browser's authorization request.

use std::sync::{Mutex, PoisonError};

use token_core::Seconds;
use token_core::client::{Client, GrantType};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::{DeviceCode, SecretHash};
use token_core::store::{DeviceDecision, DeviceRecord, DeviceRequest};
use token_core::{GrantId, Scopes};

use super::authorization_request::resource;
use super::client_authentication::AuthenticatedClient;
use super::clients::find;
use super::grant_types::may_use;
use super::user_code::UserCode;
use super::{Context, OAuthFailure, Parameters};
use crate::attempts::WrongAttempts;

/// How long a device may wait for its person.
pub const LIFETIME: Seconds = Seconds(600);
/// The least time between two polls (RFC 8628 section 3.2).
const INTERVAL: Seconds = Seconds(5);
/// How often another user code is tried when one is taken. Two collisions in a row are a fault.
const TRIES: usize = 5;

/// So many wrong codes within [`WINDOW`] are looked at, from whomever they come: of 34 bits a
/// guesser finds one in ten minutes with a chance of 2 to the -28 for each device that waits
/// (RFC 8628 section 5.1).
const MOST_WRONG: usize = 50;
const WINDOW: Seconds = Seconds(300);

/// The wrong user codes that were typed lately.
pub struct UserCodeAttempts(Mutex<WrongAttempts>);

impl Default for UserCodeAttempts {
    fn default() -> Self {
        Self(Mutex::new(WrongAttempts::new(MOST_WRONG, WINDOW)))
    }
}

/// The answer to a device (RFC 8628 section 3.2).
pub struct DeviceAuthorization {
    /// What the device polls with.
    pub device_code: DeviceCode,
    /// What the person types.
    pub user_code: UserCode,
    /// How long both live.
    pub expires_in: Seconds,
    /// The least time between two polls.
    pub interval: Seconds,
}

/// What became of a user code that was typed.
pub enum Typed {
    /// A device waits under it.
    Waiting(Box<Client>, DeviceRequest),
    /// None does.
    Unknown,
    /// Nothing is looked at for so long.
    TooMany(Seconds),
}

/// Begins: keeps the request under both codes.
pub async fn authorize(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<DeviceAuthorization, OAuthFailure> {
    let client = client.client();
    may_use(client, GrantType::DeviceCode)?;
    let now = context.now();
    let resource = resource(context, form, None)?;
    let scope = Scopes::from_request(form.single("scope")?);
    let device_code = DeviceCode::generate(context.entropy.as_ref())?;
    for _ in 0..TRIES {
        let user_code = UserCode::generate(context.entropy.as_ref())?;
        let record = DeviceRecord {
            device_code: device_code.hash(),
            user_code: user_code.hash(context),
            client_id: client.client_id.clone(),
            resource: resource.clone(),
            scope: scope.clone(),
            interval: INTERVAL,
            expires_at: now.plus(LIFETIME),
        };
        if context.store.put_device(&record, now).await? {
            return Ok(DeviceAuthorization {
                device_code,
                user_code,
                expires_in: LIFETIME,
                interval: INTERVAL,
            });
        }
    }
    Err(OAuthFailure::new(
        OAuthErrorCode::TemporarilyUnavailable,
        "too many devices wait; try again in a moment",
    ))
}

/// Looks up what a person typed (RFC 8628 section 3.3).
pub async fn typed(context: &Context, typed: &str) -> Result<Typed, OAuthFailure> {
    let now = context.now();
    if let Err(wait) = attempts(context).check(now) {
        return Ok(Typed::TooMany(wait));
    }
    let Some(code) = UserCode::parse(typed) else {
        // No code looks like this, so that it is no guess at one.
        return Ok(Typed::Unknown);
    };
    Ok(match waiting(context, &code.hash(context)).await? {
        Some((client, request)) => Typed::Waiting(Box::new(client), request),
        None => match attempts(context).wrong(now) {
            Ok(_) => Typed::Unknown,
            Err(wait) => Typed::TooMany(wait),
        },
    })
}

async fn waiting(
    context: &Context,
    user_code: &SecretHash,
) -> Result<Option<(Client, DeviceRequest)>, OAuthFailure> {
    let now = context.now();
    let Some(record) = context.store.device(user_code, now).await? else {
        return Ok(None);
    };
    let client = find(context, &record.client_id).await?;
    let request = DeviceRequest {
        user_code: record.user_code,
        client_id: record.client_id,
        resource: record.resource,
        scope: record.scope,
    };
    Ok(client.map(|client| (client, request)))
}

fn attempts(context: &Context) -> std::sync::MutexGuard<'_, WrongAttempts> {
    let attempts = &context.user_code_attempts.0;
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the person's refusal to the device.
pub(super) async fn deny(context: &Context, request: &DeviceRequest) -> Result<(), OAuthFailure> {
    let (user_code, denied) = (&request.user_code, DeviceDecision::Denied);
    context
        .store
        .decide_device(user_code, &denied, context.now())
        .await?;
    Ok(())
}

/// Takes the person's approval to the device.
pub(super) async fn approve(
    context: &Context,
    request: &DeviceRequest,
    grant: token_core::store::Grant,
) -> Result<GrantId, OAuthFailure> {
    let id = grant.id.clone();
    let approved = DeviceDecision::Approved(grant);
    let counted = context
        .store
        .decide_device(&request.user_code, &approved, context.now())
        .await?;
    counted.then_some(id).ok_or_else(|| {
        let description = "the device does not wait any more";
        OAuthFailure::new(OAuthErrorCode::ExpiredToken, description)
    })
}
