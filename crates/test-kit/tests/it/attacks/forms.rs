//! Every form of a page for people, genuine: as the browser of the person whom it was shown to
//! would post it. An attack changes one thing about it.

use std::collections::BTreeSet;

use reqwest::Method;
use test_kit::gateway::{CALLBACK, Gateway, Reply};

use super::account::signed_in;

/// A form that would be taken.
pub(super) struct Form {
    pub(super) path: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
    cookie: String,
    /// Where it leads: how `Location` begins, if it leads anywhere.
    pub(super) leads_to: Option<String>,
}

impl Form {
    /// Posts it with its cookie, to `path` and with these headers besides.
    pub(super) async fn post(
        &self,
        gateway: &Gateway,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let own = self.fields.iter();
        let mut all: Vec<_> = own.map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(fields);
        let request = gateway.http.post(gateway.url(path)).form(&all);
        let mut request = request.header("Cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        gateway.send(request).await
    }

    /// Whether this is the answer of a form that was taken.
    pub(super) fn was_taken(&self, answer: &Reply) -> bool {
        match (&self.leads_to, answer.location()) {
            (Some(wanted), Some(location)) => {
                answer.status == 303 && location.starts_with(&**wanted)
            }
            (None, None) => answer.status == 200,
            _ => false,
        }
    }
}

/// The consent page of a browser that holds its cookie.
pub(super) async fn consent(gateway: &Gateway) -> Reply {
    let client_id = gateway.public_client("Asked about").await;
    let page = gateway.get(&Gateway::authorize(&client_id, &[])).await;
    assert_eq!(page.status, 200, "{page:?}");
    page
}

fn decision(page: &Reply, decision: &str, leads_to: String) -> Form {
    Form {
        path: "/consent",
        fields: vec![
            ("request", page.field("request")),
            ("decision", decision.to_owned()),
        ],
        cookie: page.cookies(),
        leads_to: Some(leads_to),
    }
}

/// A sign-in for a client, which has been approved.
async fn sign_in(gateway: &Gateway, to_sign_in: &str) -> Form {
    let page = consent(gateway).await;
    let approve = decision(&page, "approve", to_sign_in.to_owned());
    let away = approve.post(gateway, approve.path, &[], &[]).await;
    let location = away.location().unwrap_or_else(|| panic!("{away:?}"));
    let state = location.strip_prefix(to_sign_in).expect("a state");
    Form {
        path: "/sign-in",
        fields: vec![
            ("state", state.to_owned()),
            ("passphrase", gateway.passphrase.clone()),
        ],
        cookie: away.cookies(),
        leads_to: Some(format!("{CALLBACK}?code=")),
    }
}

/// All of them, in an order in which each is good still when those before it were taken.
pub(super) async fn genuine(gateway: &Gateway) -> Vec<Form> {
    let to_sign_in = gateway.url("/sign-in?state=");
    let asked = consent(gateway).await;
    let mut forms = vec![
        decision(&asked, "approve", to_sign_in.clone()),
        decision(&asked, "refuse", format!("{CALLBACK}?error=access_denied&")),
        sign_in(gateway, &to_sign_in).await,
        Form {
            path: "/device",
            fields: vec![("user_code", "BCDF-GHJK".to_owned())],
            cookie: String::new(),
            leads_to: None,
        },
    ];
    let before = gateway.get("/account").await;
    forms.push(Form {
        path: "/account/sign-in",
        fields: vec![("ticket", before.field("ticket"))],
        cookie: before.cookies(),
        leads_to: Some(to_sign_in),
    });
    let (cookie, page) = signed_in(gateway).await;
    let ticket = || ("ticket", page.field("ticket"));
    for (path, fields, leads_to) in [
        (
            "/account/end",
            vec![ticket(), ("grant", "A".repeat(22))],
            "/account?done=",
        ),
        ("/account/end-all", vec![ticket()], "/account?done="),
        ("/account/sign-out", vec![ticket()], "/account"),
    ] {
        forms.push(Form {
            path,
            fields,
            cookie: cookie.clone(),
            leads_to: Some(gateway.url(leads_to)),
        });
    }
    let covered: BTreeSet<_> = forms.iter().map(|form| form.path.to_owned()).collect();
    let served = for_people(gateway).await.into_iter();
    let served: BTreeSet<_> = served
        .filter(|(method, _)| method == Method::POST)
        .map(|(_, path)| path)
        .collect();
    assert_eq!(covered, served, "no form is left out");
    forms
}

/// Every endpoint that answers with a page, by the gateway's own description: its tests hold that
/// to its routes.
pub(super) async fn for_people(gateway: &Gateway) -> Vec<(Method, String)> {
    let document = gateway.get("/openapi.json").await.json();
    let is_page = |answer: &serde_json::Value| {
        let shared = answer["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        let answer = shared.map_or(Some(answer), |at| document.pointer(at));
        answer.is_some_and(|answer| answer["content"].get("text/html").is_some())
    };
    let mut endpoints = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, name) in [(Method::GET, "get"), (Method::POST, "post")] {
            let answers = item[name]["responses"].as_object();
            if answers.is_some_and(|answers| answers.values().any(is_page)) {
                endpoints.push((method, path.clone()));
            }
        }
    }
    endpoints
}
