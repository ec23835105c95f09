//! Sees each step of a login as it is answered, and records it for `gateway trace`. Handlers say
//! what they found out ([`note`]); the answer says how it went.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use token_core::audit::{Agent, AuditEvent, LoginStep, LooksLike, Network, Reference, Step};
use token_core::client::Client;
use token_core::secret::AuthorizationCode;
use token_core::store::PendingSignIn;
use token_core::{ClientId, GrantId};

use super::error::HttpFailure;
use crate::flows::{Context, Parameters, code_grant, refresh_grant};

/// What was found out about a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The login that it belongs to.
    pub(super) flow: Option<Reference>,
    /// The client that is named or known.
    pub(super) client_id: Option<ClientId>,
    /// The session that comes of it.
    pub(super) grant: Option<GrantId>,
    /// Why the person is asked again.
    pub(super) again: Option<&'static str>,
    looks_like: Option<LooksLike>,
    is_renewal: bool,
}

impl Seen {
    /// The client is known.
    pub(super) fn client(&mut self, client: &Client) {
        self.client_id = Some(client.client_id.clone());
        self.looks_like = Some(LooksLike::of(client));
    }

    /// It belongs to this sign-in.
    pub(super) fn pending(&mut self, pending: &PendingSignIn) {
        self.flow.clone_from(&pending.flow);
        let approved = pending.purpose.approved();
        self.client_id = approved.map(|request| request.client_id().clone());
    }

    /// What a token request names, whether it is good or not: a code begins with its grant.
    pub(super) fn token_request(&mut self, form: &Parameters) {
        let once = |name| form.single(name).ok().flatten();
        self.is_renewal = once("grant_type") == Some(refresh_grant::GRANT_TYPE);
        if once("grant_type") == Some(code_grant::GRANT_TYPE) {
            let code = once("code").and_then(|code| AuthorizationCode::parse(code).ok());
            self.grant = code.and_then(|code| code.key().ok()).map(|key| key.grant);
        }
        self.client_id = once("client_id").and_then(|id| ClientId::parse(id).ok());
    }
}

/// Notes something about a request.
pub(super) fn note(request: &HttpRequest, change: impl FnOnce(&mut Seen)) {
    let mut all = request.extensions_mut();
    let mut seen = all.remove::<Seen>().unwrap_or_default();
    change(&mut seen);
    all.insert(seen);
}

/// The middleware.
pub(super) async fn watch<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let answer = next.call(request).await?;
    if let Some(step) = step(&answer)
        && let Some(context) = answer.request().app_data::<web::Data<Context>>()
        && is_news(context, &step)
    {
        context.record(&AuditEvent::LoginStep(step));
    }
    Ok(answer)
}

/// Of who reads metadata again and again, once in a while is enough.
fn is_news(context: &Context, step: &LoginStep) -> bool {
    match (step.step, step.network) {
        (Step::Discovery, Some(network)) => context.discoveries.is_news(network, context.now()),
        _ => true,
    }
}

/// What an answer is, where it is a step or an error that a person sees.
fn step<B>(answer: &ServiceResponse<B>) -> Option<LoginStep> {
    let request = answer.request();
    let seen = request.extensions().get::<Seen>().cloned();
    let seen = seen.unwrap_or_default();
    let failure = answer.response().error();
    let failure = failure.and_then(|error| error.as_error::<HttpFailure>());
    let told = failure.map(HttpFailure::told);
    let (error, description, reference) = match told {
        Some((error, description, reference)) => (Some(error), description, reference.cloned()),
        None => (seen.again, None, None),
    };
    let step = match of_path(request) {
        // Sent on to the issuer, or no form yet.
        Some(Step::Authorize) if seen.flow.is_none() && error.is_none() => return None,
        Some(Step::Token) if seen.is_renewal => match error {
            Some(_) => Step::Renewal,
            None => return None,
        },
        // A device that waits.
        Some(Step::Token) if matches!(error, Some("authorization_pending" | "slow_down")) => {
            return None;
        }
        // A page of an old login, or a sign-in for something else.
        Some(Step::Consent | Step::SignIn) if seen.flow.is_none() => {
            reference.as_ref()?;
            Step::Page
        }
        Some(step) => step,
        None if reference.is_some() => Step::Page,
        None => return None,
    };
    Some(LoginStep {
        step,
        flow: seen.flow,
        grant: seen.grant,
        client_id: seen.client_id,
        looks_like: seen.looks_like,
        agent: Agent::of(header(request, USER_AGENT.as_str())),
        network: network(request),
        error,
        description,
        reference,
    })
}

fn of_path(request: &HttpRequest) -> Option<Step> {
    let path = request.path();
    match (request.method(), path) {
        (&Method::GET, _) if path.starts_with("/.well-known/o") => Some(Step::Discovery),
        (&Method::POST, "/register") => Some(Step::Registration),
        (&Method::GET, "/authorize") | (&Method::POST, "/device") => Some(Step::Authorize),
        (&Method::POST, "/consent") => Some(Step::Consent),
        (&Method::GET, "/callback") | (&Method::POST, "/sign-in") => Some(Step::SignIn),
        (&Method::POST, "/token") => Some(Step::Token),
        _ => None,
    }
}

/// Where a request came from: the last address that the edge wrote. In one process there is no
/// edge, and the header is whatever the client likes.
fn network(request: &HttpRequest) -> Option<Network> {
    let context = request.app_data::<web::Data<Context>>()?;
    if context.issuer.is_plain_http() {
        return Network::of(&request.peer_addr()?.ip().to_string());
    }
    let forwarded = header(request, "x-forwarded-for")?;
    Network::of(forwarded.rsplit(',').next()?)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
