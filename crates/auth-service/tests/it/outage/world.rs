//! The requests of the cases, each with what must have happened before.

use std::sync::Arc;

use actix_web::test::TestRequest;
use async_trait::async_trait;
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

use super::Case;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A server whose store can fail, and all that the cases need of it.
pub(super) struct World {
    pub(super) store: Arc<WatchedStore>,
    pub(super) server: Server,
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
    pub(super) fn begin(case: Case) -> Self {
        let store = WatchedStore::over(Arc::new(MemoryStore::new()));
        let idp = Provider::new();
        let mut server = Server::on(Arc::clone(&store) as _).and_trusts(idp.trusted());
        if case == Case::Callback {
            server = server.signing_in_at(Upstream);
        }
        Self { store, server, idp }
    }

    /// The request of a case, with what must have happened before.
    pub(super) async fn request(&self, case: Case) -> TestRequest {
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
    pub(super) async fn typed_device(&self) -> (Value, Answer) {
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

pub(super) fn form(uri: &str, fields: &[(&str, &str)]) -> TestRequest {
    TestRequest::post().uri(uri).set_form(fields)
}

fn register(metadata: &Value) -> TestRequest {
    TestRequest::post().uri("/register").set_json(metadata)
}

pub(super) fn typed(begun: &Value) -> TestRequest {
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
pub(super) fn with_cookies(request: TestRequest, answer: &Answer) -> TestRequest {
    let set = answer.headers.get_all("set-cookie");
    let pairs: Vec<_> = set
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    request.insert_header(("Cookie", pairs.join("; ")))
}
