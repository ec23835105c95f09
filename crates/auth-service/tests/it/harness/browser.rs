//! A person's browser, and the request that a client opens in it.

use std::collections::BTreeMap;

use actix_web::cookie::Cookie;
use actix_web::http::header::SET_COOKIE;
use actix_web::test::TestRequest;

use super::{Answer, CALLBACK, CHALLENGE, PASSPHRASE, RESOURCE, Server};

/// The parameters of an authorization request with these changed; an empty value leaves one out.
pub(crate) fn authorization_request<'a>(
    client_id: &'a str,
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", RESOURCE),
        ("state", "client-state"),
    ];
    for (name, value) in changes {
        parameters.retain(|(own, _)| own != name);
        parameters.push((name, value));
    }
    parameters.retain(|(_, value)| !value.is_empty());
    parameters
}

/// Where a client sends a browser with that request.
pub(crate) fn authorize_uri(client_id: &str, changes: &[(&str, &str)]) -> String {
    let parameters = authorization_request(client_id, changes);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("/authorize?{}", query.extend_pairs(parameters).finish())
}

/// A person's browser: keeps cookies, follows nothing by itself.
pub(crate) struct Browser<'a> {
    server: &'a Server,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, uri: &str) -> Answer {
        self.send(TestRequest::get().uri(uri)).await
    }

    pub(crate) async fn post(&mut self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(TestRequest::post().uri(uri).set_form(fields))
            .await
    }

    async fn send(&mut self, mut request: TestRequest) -> Answer {
        for (name, value) in &self.cookies {
            request = request.cookie(Cookie::new(name.clone(), value.clone()));
        }
        let answer = self.server.send(request).await;
        for header in answer.headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str().unwrap().to_owned()).unwrap();
            assert!(
                cookie.secure().unwrap() && cookie.http_only().unwrap(),
                "{cookie}"
            );
            assert!(
                cookie.name().starts_with("__Host-") && cookie.path() == Some("/"),
                "{cookie}"
            );
            self.cookies
                .insert(cookie.name().to_owned(), cookie.value().to_owned());
        }
        answer
    }

    /// Approves on the consent page: the answer that leads to the sign-in.
    pub(crate) async fn approve(&mut self, authorize_uri: &str) -> Answer {
        let page = self.get(authorize_uri).await;
        let request = page.field("request");
        self.post(
            "/consent",
            &[("request", &request), ("decision", "approve")],
        )
        .await
    }

    /// Approves: the `state` of the sign-in.
    pub(crate) async fn state(&mut self, authorize_uri: &str) -> String {
        let (_, query) = self.approve(authorize_uri).await.redirect();
        query["state"].clone()
    }

    /// Approves and signs in: the answer that leads back to the client.
    pub(crate) async fn through(&mut self, authorize_uri: &str) -> Answer {
        let state = self.state(authorize_uri).await;
        self.post("/sign-in", &[("state", &state), ("passphrase", PASSPHRASE)])
            .await
    }
}
