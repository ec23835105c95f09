//! `POST /consent`: the person's decision (MCP security best practices, "confused deputy"). The
//! page itself is shown by `GET /authorize`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::error::HttpFailure;
use super::pages::Trouble;
use super::{browser, cookies, device, response, witness};
use crate::flows::Context;
use crate::flows::consent::{self, ConsentError, Decided, Decision};
use crate::flows::return_path::ReturnPath;
use crate::flows::sign_in::SignIn;
use crate::identity::IdentityProvider;
use token_core::pkce::CodeVerifier;

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = browser::own_form(&request, &context, body)?;
    let decision = match browser::once(&form, "decision")? {
        Some("approve") => Decision::Approve,
        Some("refuse") => Decision::Refuse,
        _ => return Err(HttpFailure::page(Trouble::Expired)),
    };
    let held = cookies::browser(&request, &context.issuer, cookies::CONSENT);
    let ticket = browser::once(&form, "request")?.unwrap_or_default();
    let (flow, decided) = consent::decide(&context, ticket, held.as_ref(), decision)
        .await
        .map_err(|error| failure(&error))?;
    witness::note(&request, |seen| seen.flow = Some(flow));
    match decided {
        Decided::SignIn(sign_in) => to_sign_in(&context, &sign_in),
        Decided::Refused(ReturnPath::Device, _) if decision == Decision::Refuse => Ok(
            response::see_other(&context.issuer.endpoint(device::REFUSED_PATH)),
        ),
        Decided::Refused(back, refusal) => Err(browser::not_given(&context, &back, &refusal)),
    }
}

/// `GET /consent`: somebody reloaded the address without its form.
pub(super) async fn get() -> Result<HttpResponse, HttpFailure> {
    Err(HttpFailure::page(Trouble::Expired))
}

/// Sends the person to whoever names people. The cookie that binds the sign-in to this browser is
/// set with this very answer.
pub(super) fn to_sign_in(context: &Context, sign_in: &SignIn) -> Result<HttpResponse, HttpFailure> {
    let url = match &context.identity {
        IdentityProvider::Upstream(provider) => {
            let verifier = upstream_verifier(context, sign_in.state.expose())?;
            provider.authorization_url(&sign_in.state, &verifier.challenge())
        }
        IdentityProvider::Local(_) => context
            .issuer
            .endpoint(&format!("/sign-in?state={}", sign_in.state.expose())),
    };
    let mut answer = response::see_other(&url);
    let name = cookies::sign_in_name(&sign_in.state);
    let lifetime = context.lifetimes.state;
    let cookie = cookies::set(&context.issuer, &name, sign_in.browser.expose(), lifetime);
    answer
        .add_cookie(&cookie)
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(answer)
}

/// The PKCE verifier towards the identity provider: derived from `state`, so that it need not be
/// stored.
pub(super) fn upstream_verifier(
    context: &Context,
    state: &str,
) -> Result<CodeVerifier, HttpFailure> {
    CodeVerifier::parse(context.sealing.upstream_pkce.of(state))
        .map_err(|error| HttpFailure::internal(&error))
}

fn failure(error: &ConsentError) -> HttpFailure {
    match error {
        ConsentError::Forged => HttpFailure::page(Trouble::Expired),
        ConsentError::UnknownClient => HttpFailure::page(Trouble::UnknownClient),
        ConsentError::RedirectWithdrawn(client) => {
            let client_name = browser::name(Some(client));
            HttpFailure::page(Trouble::RedirectNotRegistered { client_name })
        }
        ConsentError::Failed(failure) => HttpFailure::page_for(failure),
    }
}
