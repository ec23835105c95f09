//! An outage of the store, of the identity provider or of a client's own site, at every endpoint
//! and at every step of its request: 503 `temporarily_unavailable` (RFC 6749 section 4.1.2.1, and
//! the same where an answer is direct), never an error on which clients throw their credentials
//! away.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::test::TestRequest;
use async_trait::async_trait;
use auth_service::http::routes::paths;
use auth_service::identity::{Person, UpstreamError, UpstreamProvider};
use serde_json::{Value, json};
use token_core::client::GrantType;
use token_core::pkce::{CodeChallenge, CodeVerifier};
use token_core::secret::SignInState;
use token_core::{ResourceId, UserId, Username};
use token_store::MemoryStore;

use crate::harness::{
    Answer, Browser, CALLBACK, CHALLENGE, PASSPHRASE, RESOURCE, Server, VERIFIER, authorize_uri,
    operators_client,
};
use crate::jwt_bearer::Provider;
use crate::watched_store::WatchedStore;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// More than any request has.
const MOST_STEPS: usize = 20;

/// What a request does at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Account,
    AccountSignIn,
    AccountEnd,
    AccountEndAll,
    Authorize,
    AuthorizePushed,
    Callback,
    Consent,
    ConsentRefused,
    Device,
    DeviceAuthorization,
    Introspect,
    IntrospectRefresh,
    Par,
    Register,
    RegisterAgain,
    ReadRegistration,
    ReplaceRegistration,
    DeleteRegistration,
    Revoke,
    RevokeRefresh,
    SignIn,
    SignInPage,
    TokenByCode,
    TokenByReplayedCode,
    TokenByRefresh,
    TokenByRepeatedRefresh,
    TokenByMachine,
    TokenByDevice,
    TokenByAssertion,
}

/// Every case, with the path that it asks.
const CASES: [(&str, Case); 30] = [
    ("/account", Case::Account),
    ("/account/sign-in", Case::AccountSignIn),
    ("/account/end", Case::AccountEnd),
    ("/account/end-all", Case::AccountEndAll),
    ("/authorize", Case::Authorize),
    ("/authorize", Case::AuthorizePushed),
    ("/callback", Case::Callback),
    ("/consent", Case::Consent),
    ("/consent", Case::ConsentRefused),
    ("/device", Case::Device),
    ("/device_authorization", Case::DeviceAuthorization),
    ("/introspect", Case::Introspect),
    ("/introspect", Case::IntrospectRefresh),
    ("/par", Case::Par),
    ("/register", Case::Register),
    ("/register", Case::RegisterAgain),
    ("/register/{client_id}", Case::ReadRegistration),
    ("/register/{client_id}", Case::ReplaceRegistration),
    ("/register/{client_id}", Case::DeleteRegistration),
    ("/revoke", Case::Revoke),
    ("/revoke", Case::RevokeRefresh),
    ("/sign-in", Case::SignIn),
    ("/sign-in", Case::SignInPage),
    ("/token", Case::TokenByCode),
    ("/token", Case::TokenByReplayedCode),
    ("/token", Case::TokenByRefresh),
    ("/token", Case::TokenByRepeatedRefresh),
    ("/token", Case::TokenByMachine),
    ("/token", Case::TokenByDevice),
    ("/token", Case::TokenByAssertion),
];

/// Paths that are answered without the store.
const WITHOUT: [&str; 13] = [
    "/",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/{suffix:.*}",
    "/.well-known/openid-configuration",
    "/assets/favicon.svg",
    "/assets/gateway.css",
    "/device/connected",
    "/device/refused",
    "/favicon.ico",
    "/jwks",
    "/openapi.json",
    "/success",
];
/// A form that only has the browser forget something.
const WITHOUT_BY_FORM: &str = "/account/sign-out";
/// A page that says that something is over, whatever the store says.
const ALWAYS_OVER: &str = "/error";

/// A server whose store can fail, and all that the cases need of it.
struct World {
    store: Arc<WatchedStore>,
    server: Server,
    idp: Provider,
}

/// GitHub, as far as it is asked here.
struct Upstream;

#[async_trait]
impl UpstreamProvider for Upstream {
    fn authorization_url(&self, state: &SignInState, _: &CodeChallenge) -> String {
        format!("https://github.example/?state={}", state.expose())
    }

    async fn identify(&self, code: &str, _: &CodeVerifier) -> Result<Person, UpstreamError> {
        if code == "down" {
            return Err(UpstreamError::Unavailable("no answer".into()));
        }
        Ok(Person {
            user_id: UserId::parse("github|1").unwrap(),
            username: Username::parse("octocat").unwrap(),
        })
    }
}

impl World {
    fn begin(case: Case) -> Self {
        let store = WatchedStore::over(Arc::new(MemoryStore::new()));
        let idp = Provider::new();
        let mut server = Server::on(Arc::clone(&store) as _).and_trusts(idp.trusted());
        if case == Case::Callback {
            server = server.signing_in_at(Upstream);
        }
        Self { store, server, idp }
    }

    /// The request of a case, with what must have happened before.
    async fn request(&self, case: Case) -> TestRequest {
        let server = &self.server;
        match case {
            Case::Account | Case::AccountSignIn | Case::AccountEnd | Case::AccountEndAll => {
                self.account(case).await
            }
            Case::Authorize => {
                let client_id = server.public_client().await;
                TestRequest::get().uri(&authorize_uri(&client_id, &[]))
            }
            Case::AuthorizePushed => {
                let client_id = server.public_client().await;
                let pushed = server.send(par(&client_id)).await.json();
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("client_id", &client_id);
                query.append_pair("request_uri", text(&pushed, "request_uri"));
                TestRequest::get().uri(&format!("/authorize?{}", query.finish()))
            }
            Case::Par => par(&server.public_client().await),
            Case::Consent => self.decision("approve").await,
            Case::ConsentRefused => self.refused_device().await,
            Case::SignIn | Case::SignInPage | Case::Callback => self.sign_in(case).await,
            Case::Device | Case::DeviceAuthorization | Case::TokenByDevice => {
                self.device(case).await
            }
            Case::Register => register(&json!({ "redirect_uris": [CALLBACK] })),
            Case::RegisterAgain => {
                let metadata = json!({
                    "redirect_uris": [CALLBACK],
                    "token_endpoint_auth_method": "none",
                });
                server.register(&metadata).await;
                register(&metadata)
            }
            Case::ReadRegistration | Case::ReplaceRegistration | Case::DeleteRegistration => {
                self.management(case).await
            }
            Case::TokenByMachine | Case::TokenByAssertion => self.confidential(case).await,
            _ => self.with_tokens(case).await,
        }
    }

    /// Of a person whose client has something.
    async fn account(&self, case: Case) -> TestRequest {
        let server = &self.server;
        let client_id = server.public_client().await;
        let tokens = server.tokens(&client_id).await;
        let page = server.get("/account").await;
        let fields = [("ticket", &*page.field("ticket"))];
        let sign_in = with_cookies(form("/account/sign-in", &fields), &page);
        if case == Case::AccountSignIn {
            return sign_in;
        }
        let away = server.send(sign_in).await;
        let fields = [
            ("state", &*away.redirect().1["state"]),
            ("passphrase", PASSPHRASE),
        ];
        let done = server
            .send(with_cookies(form("/sign-in", &fields), &away))
            .await;
        let get = with_cookies(TestRequest::get().uri("/account"), &done);
        if case == Case::Account {
            return get;
        }
        let page = server.send(get).await;
        let ticket = page.field("ticket");
        let refresh_token = text(&tokens, "refresh_token");
        let grant = refresh_token.split_once('.').unwrap().0;
        let request = match case {
            Case::AccountEnd => form("/account/end", &[("ticket", &*ticket), ("grant", grant)]),
            _ => form("/account/end-all", &[("ticket", &*ticket)]),
        };
        with_cookies(request, &done)
    }

    async fn decision(&self, decision: &str) -> TestRequest {
        let client_id = self.server.public_client().await;
        let page = self.server.get(&authorize_uri(&client_id, &[])).await;
        let fields = [("request", &*page.field("request")), ("decision", decision)];
        with_cookies(form("/consent", &fields), &page)
    }

    async fn refused_device(&self) -> TestRequest {
        let (_, page) = self.typed_device().await;
        let fields = [("request", &*page.field("request")), ("decision", "refuse")];
        with_cookies(form("/consent", &fields), &page)
    }

    async fn sign_in(&self, case: Case) -> TestRequest {
        let away = self.server.send(self.decision("approve").await).await;
        let state = away.redirect().1["state"].clone();
        let request = match case {
            Case::Callback => TestRequest::get().uri(&format!("/callback?code=good&state={state}")),
            Case::SignInPage => TestRequest::get().uri(&format!("/sign-in?state={state}")),
            _ => form("/sign-in", &[("state", &state), ("passphrase", PASSPHRASE)]),
        };
        with_cookies(request, &away)
    }

    /// A device whose person has typed its code: the device's answer and the consent page.
    async fn typed_device(&self) -> (Value, Answer) {
        let server = &self.server;
        let begun = server.send(self.device_asks().await).await.json();
        let page = server.send(typed(&begun)).await;
        (begun, page)
    }

    async fn device_asks(&self) -> TestRequest {
        let metadata = json!({
            "grant_types": [DEVICE_CODE, "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let client = self.server.register(&metadata).await.json();
        let fields = [
            ("client_id", text(&client, "client_id")),
            ("resource", RESOURCE),
        ];
        form("/device_authorization", &fields)
    }

    async fn device(&self, case: Case) -> TestRequest {
        let server = &self.server;
        if case == Case::DeviceAuthorization {
            return self.device_asks().await;
        }
        let asks = self.device_asks().await;
        let begun = server.send(asks).await.json();
        if case == Case::Device {
            return typed(&begun);
        }
        let mut browser = Browser::new(server);
        let user_code = text(&begun, "user_code");
        let page = browser.post("/device", &[("user_code", user_code)]).await;
        let approve = [
            ("request", &*page.field("request")),
            ("decision", "approve"),
        ];
        let away = browser.post("/consent", &approve).await;
        let state = away.redirect().1["state"].clone();
        let sign_in = [("state", &*state), ("passphrase", PASSPHRASE)];
        browser.post("/sign-in", &sign_in).await;
        let metadata = json!({
            "grant_types": [DEVICE_CODE, "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        // The same metadata, the same client.
        let client = server.register(&metadata).await.json();
        let fields = [
            ("grant_type", DEVICE_CODE),
            ("client_id", text(&client, "client_id")),
            ("device_code", text(&begun, "device_code")),
        ];
        form("/token", &fields)
    }

    async fn management(&self, case: Case) -> TestRequest {
        let metadata = json!({ "redirect_uris": [CALLBACK] });
        let mut client = self.server.register(&metadata).await.json();
        let client_id = text(&client, "client_id").to_owned();
        let token = format!("Bearer {}", text(&client, "registration_access_token"));
        let request = match case {
            Case::ReplaceRegistration => {
                client["client_name"] = json!("Renamed");
                TestRequest::put().set_json(&client)
            }
            Case::DeleteRegistration => TestRequest::delete(),
            _ => TestRequest::get(),
        };
        request
            .uri(&format!("/register/{client_id}"))
            .insert_header(("Authorization", token))
    }

    async fn confidential(&self, case: Case) -> TestRequest {
        let grant_type = match case {
            Case::TokenByMachine => GrantType::ClientCredentials,
            _ => GrantType::JwtBearer,
        };
        let mut client = operators_client("agent", grant_type);
        client.own_services = vec![ResourceId::parse(RESOURCE).unwrap()];
        self.server.provision(&client).await;
        let assertion = self.idp.assertion("1", "scope", json!("mcp"));
        let mut fields = vec![
            ("client_id", "agent"),
            ("client_secret", "s3cret"),
            ("resource", RESOURCE),
        ];
        match case {
            Case::TokenByMachine => fields.push(("grant_type", "client_credentials")),
            _ => fields.extend([
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", &*assertion),
            ]),
        }
        form("/token", &fields)
    }

    /// Cases of a public client that has a code or has redeemed one.
    async fn with_tokens(&self, case: Case) -> TestRequest {
        let server = &self.server;
        let client_id = server.public_client().await;
        let client = ("client_id", client_id.as_str());
        let code = server.code(&client_id).await;
        let by_code = [
            client,
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        if case == Case::TokenByCode {
            return form("/token", &by_code);
        }
        let tokens = server.redeem(&client_id, &code).await.json();
        let (access, refresh) = (
            text(&tokens, "access_token"),
            text(&tokens, "refresh_token"),
        );
        let by_refresh = [
            client,
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
        ];
        match case {
            Case::TokenByReplayedCode => form("/token", &by_code),
            Case::TokenByRefresh => form("/token", &by_refresh),
            Case::TokenByRepeatedRefresh => {
                server.refresh(&client_id, refresh).await;
                form("/token", &by_refresh)
            }
            Case::Introspect => form("/introspect", &[client, ("token", access)]),
            Case::IntrospectRefresh => form("/introspect", &[client, ("token", refresh)]),
            Case::RevokeRefresh => form("/revoke", &[client, ("token", refresh)]),
            _ => form("/revoke", &[client, ("token", access)]),
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn form(uri: &str, fields: &[(&str, &str)]) -> TestRequest {
    TestRequest::post().uri(uri).set_form(fields)
}

fn register(metadata: &Value) -> TestRequest {
    TestRequest::post().uri("/register").set_json(metadata)
}

fn typed(begun: &Value) -> TestRequest {
    form("/device", &[("user_code", text(begun, "user_code"))])
}

fn par(client_id: &str) -> TestRequest {
    let fields = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    form("/par", &fields)
}

/// With the cookies that an answer set.
fn with_cookies(request: TestRequest, answer: &Answer) -> TestRequest {
    let set = answer.headers.get_all("set-cookie");
    let pairs: Vec<_> = set
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    request.insert_header(("Cookie", pairs.join("; ")))
}

/// Says that the server is out of order, and not the caller.
fn says_unavailable(answer: &Answer) -> bool {
    if answer.status == 503 {
        let json = answer.header("content-type") == Some("application/json");
        let named = !json || answer.error().1 == "temporarily_unavailable";
        return named && answer.header("retry-after").is_some();
    }
    // A browser cannot take a status to the client.
    answer.status == 303
        && answer.redirect().0 == CALLBACK
        && answer.redirect().1.get("error").map(String::as_str) == Some("temporarily_unavailable")
}

#[test]
fn every_path_is_in_one_of_the_tables() {
    let served: BTreeSet<_> = paths().collect();
    let mut tables: BTreeSet<_> = CASES.iter().map(|(path, _)| *path).collect();
    tables.extend(WITHOUT);
    tables.extend([WITHOUT_BY_FORM, ALWAYS_OVER]);
    assert_eq!(tables, served);
}

#[actix_web::test]
async fn a_store_that_fails_at_any_step_of_any_request_is_temporarily_unavailable() {
    for (path, case) in CASES {
        let mut steps = 0;
        loop {
            let world = World::begin(case);
            let request = world.request(case).await;
            world.store.fail_from(steps);
            let answer = world.server.send(request).await;
            let failed = world.store.failed();
            let at = format!("{case:?} at {path}, failing from step {steps} ({failed:?})");
            if failed.is_empty() {
                break;
            }
            // A client that is not prolonged now is prolonged at its next use.
            if failed == ["prolong_client"] {
                assert_eq!(answer.status, 200, "{at}: {}", answer.body);
            } else {
                let said = (answer.status, answer.header("location"), &answer.body);
                assert!(says_unavailable(&answer), "{at}: {said:?}");
            }
            steps += 1;
            assert!(steps < MOST_STEPS, "{at}");
        }
        assert!(steps > 0, "{case:?} at {path} never asked the store");
    }
}

#[actix_web::test]
async fn what_needs_no_store_is_answered_without_it() {
    let world = World::begin(Case::Register);
    world.store.fail_from(0);
    for path in WITHOUT {
        let path = path.replace("{suffix:.*}", "mcp");
        let answer = world.server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let forgotten = world.server.post_form(WITHOUT_BY_FORM, &[]).await;
    assert_eq!(forgotten.status, 303);
    assert_eq!(world.server.get(ALWAYS_OVER).await.status, 400);
    assert!(world.store.failed().is_empty());
}

#[actix_web::test]
async fn an_identity_provider_that_is_down_is_temporarily_unavailable_to_clients_and_devices() {
    let world = World::begin(Case::Callback);
    let server = &world.server;
    let callback = async |page: Answer| {
        let approve = [
            ("request", &*page.field("request")),
            ("decision", "approve"),
        ];
        let away = server
            .send(with_cookies(form("/consent", &approve), &page))
            .await;
        let uri = format!("/callback?code=down&state={}", away.redirect().1["state"]);
        server
            .send(with_cookies(TestRequest::get().uri(&uri), &away))
            .await
    };
    let client_id = server.public_client().await;
    let page = server.get(&authorize_uri(&client_id, &[])).await;
    let back = callback(page).await;
    assert_eq!(back.redirect().0, CALLBACK);
    assert!(says_unavailable(&back), "{:?}", back.redirect());

    let (begun, page) = world.typed_device().await;
    let page = callback(page).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(says_unavailable(&page));
    // The device waits on, and its code may be typed again.
    assert_eq!(server.send(typed(&begun)).await.status, 200);
}
