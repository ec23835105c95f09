//! `GET /account`, and the forms on it: the person's own page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use token_core::store::{Session, SignInPurpose};
use token_core::{GrantId, Timestamp};

use super::error::HttpFailure;
use super::pages::{
    AccountPage, AccountSignInPage, ConnectedApp, Connection, Moment, ScopeInWords, Trouble,
};
use super::{browser, consent, cookies, response};
use crate::flows::account::{self, ConnectedClient, SignedInPerson};
use crate::flows::client_metadata_document::vouching_host;
use crate::flows::{Context, OAuthFailure, Parameters, sign_in};
use crate::identity::Person;

pub(super) const PATH: &str = "/account";
pub(super) const SIGN_IN_PATH: &str = "/account/sign-in";
pub(super) const SIGN_OUT_PATH: &str = "/account/sign-out";
pub(super) const END_PATH: &str = "/account/end";
pub(super) const END_ALL_PATH: &str = "/account/end-all";

/// A sign-in that holds: the person, and the cookie that says so.
struct Held {
    cookie: String,
    person: SignedInPerson,
}

impl Held {
    fn of(request: &HttpRequest, context: &Context) -> Option<Self> {
        let cookie = cookies::get(request, &context.issuer, cookies::ACCOUNT)?;
        let person = account::signed_in(context, &cookie)?;
        Some(Self { cookie, person })
    }
}

pub(super) async fn get(
    request: HttpRequest,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let Some(held) = Held::of(&request, &context) else {
        return ask_to_sign_in(&request, &context);
    };
    let query = Parameters::parse(request.query_string().as_bytes());
    let notice = browser::once(&query, "done")?.unwrap_or_default();
    let clients = account::connected_clients(&context, &held.person)
        .await
        .map_err(|failure| HttpFailure::page_for(&failure))?;
    let page = AccountPage {
        username: held.person.username.to_string(),
        sign_in: browser::sign_in_with(&context),
        apps: clients.iter().map(|own| app(&context, own)).collect(),
        ended: account::ended(&context, &held.cookie, notice),
        ticket: account::ticket(&context, &held.cookie)
            .map_err(|failure| HttpFailure::page_for(&failure))?,
        minutes: account::LIFETIME.0 / 60,
    };
    response::page(StatusCode::OK, &page)
}

fn app(context: &Context, own: &ConnectedClient) -> ConnectedApp {
    let connections = own.sessions.iter();
    ConnectedApp {
        client_name: browser::name(own.client.as_ref()),
        name_from: vouching_host(&own.client_id),
        connections: connections
            .map(|(session, used)| connection(context, session, *used))
            .collect(),
    }
}

fn connection(context: &Context, session: &Session, used: Option<Timestamp>) -> Connection {
    let now = context.now();
    let scopes = session.scope.iter();
    Connection {
        service_name: browser::service_name(context, &session.resource),
        service_url: session.resource.to_string(),
        scopes: scopes
            .map(|scope| ScopeInWords::of(scope.as_str()))
            .collect(),
        since: session.approved_at.map(|at| Moment { at, now }),
        last_used: used.map(|at| Moment { at, now }),
        until: session.ends_at().map(|at| Moment { at, now }),
        renews: session.refreshable_until.is_some(),
        grant: session.grant.to_string(),
    }
}

/// The page of who is not signed in. Its form is bound to this browser as a consent form is.
fn ask_to_sign_in(request: &HttpRequest, context: &Context) -> Result<HttpResponse, HttpFailure> {
    let held = browser::held_or_new(request, context)?;
    let page = AccountSignInPage {
        sign_in: browser::sign_in_with(context),
        ticket: account::ticket(context, held.expose())
            .map_err(|failure| HttpFailure::page_for(&failure))?,
    };
    let lifetime = context.lifetimes.session;
    let cookie = cookies::set(&context.issuer, cookies::CONSENT, held.expose(), lifetime);
    with_cookie(response::page(StatusCode::OK, &page)?, &cookie)
}

/// `POST /account/sign-in`: off to whoever names people.
pub(super) async fn post_sign_in(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = browser::own_form(&request, &context, body)?;
    let held = cookies::get(&request, &context.issuer, cookies::CONSENT).unwrap_or_default();
    is_own(&context, &form, &held)?;
    let sign_in = sign_in::begin(&context, SignInPurpose::Account, None)
        .await
        .map_err(|failure| HttpFailure::page_for(&failure))?;
    consent::to_sign_in(&context, &sign_in)
}

/// The end of a sign-in: a fresh cookie, whatever the browser held before (session fixation).
pub(super) fn enter(context: &Context, person: &Person) -> Result<HttpResponse, HttpFailure> {
    let value =
        account::enter(context, person).map_err(|failure| HttpFailure::page_for(&failure))?;
    let Some(value) = value else {
        let login = person.username.to_string();
        return Err(HttpFailure::page(Trouble::NotAdmitted { login }));
    };
    let lifetime = account::LIFETIME;
    let cookie = cookies::set(&context.issuer, cookies::ACCOUNT, &value, lifetime);
    with_cookie(to_account(context), &cookie)
}

/// `POST /account/end`: ends what one client has for one service.
pub(super) async fn post_end(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let Some((held, form)) = submitted(&request, body, &context)? else {
        return Ok(to_account(&context));
    };
    let grant = browser::once(&form, "grant")?.unwrap_or_default();
    let ended = match GrantId::parse(grant) {
        Ok(grant) => account::end(&context, &held.person, &grant).await,
        Err(_) => Ok(0),
    };
    done(&context, &held, ended)
}

/// `POST /account/end-all`: ends all that the person gave.
pub(super) async fn post_end_all(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let Some((held, _)) = submitted(&request, body, &context)? else {
        return Ok(to_account(&context));
    };
    let ended = account::end_all(&context, &held.person).await;
    done(&context, &held, ended)
}

/// `POST /account/sign-out`: the browser forgets who was signed in.
pub(super) async fn post_sign_out(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    if submitted(&request, body, &context)?.is_none() {
        return Ok(to_account(&context));
    }
    let over = cookies::clear(&context.issuer, cookies::ACCOUNT);
    with_cookie(to_account(&context), &over)
}

/// A form of the page, of whom it was made for; `None` where nobody is signed in any more.
fn submitted(
    request: &HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: &Context,
) -> Result<Option<(Held, Parameters)>, HttpFailure> {
    let form = browser::own_form(request, context, body)?;
    let Some(held) = Held::of(request, context) else {
        return Ok(None);
    };
    is_own(context, &form, &held.cookie)?;
    Ok(Some((held, form)))
}

fn is_own(context: &Context, form: &Parameters, cookie: &str) -> Result<(), HttpFailure> {
    let ticket = browser::once(form, "ticket")?.unwrap_or_default();
    if account::is_own_form(context, ticket, cookie) {
        Ok(())
    } else {
        Err(HttpFailure::page(Trouble::StaleAccountForm))
    }
}

/// Back to the page, which says what was done.
fn done(
    context: &Context,
    held: &Held,
    ended: Result<usize, OAuthFailure>,
) -> Result<HttpResponse, HttpFailure> {
    let notice = ended
        .and_then(|ended| account::notice(context, &held.cookie, ended))
        .map_err(|failure| HttpFailure::page_for(&failure))?;
    let url = context.issuer.endpoint(&format!("{PATH}?done={notice}"));
    Ok(response::see_other(&url))
}

fn to_account(context: &Context) -> HttpResponse {
    response::see_other(&context.issuer.endpoint(PATH))
}

fn with_cookie(
    mut answer: HttpResponse,
    cookie: &actix_web::cookie::Cookie<'_>,
) -> Result<HttpResponse, HttpFailure> {
    answer
        .add_cookie(cookie)
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(answer)
}
