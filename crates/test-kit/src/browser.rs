//! A person's browser: cookies as browsers keep them, forms as browsers send them, and no redirect
//! followed that the test did not ask for.

use std::collections::HashMap;

use dom_query::Document;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::edge::Edge;
use crate::process::plain_http;

/// An answer: where it came from, its status, where it points, and its body.
#[derive(Debug)]
pub struct Page {
    /// The public URL that was asked for.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// `Location`, resolved against `url`.
    pub location: Option<Url>,
    /// `Content-Type`, or nothing.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Page {
    /// The value of a query parameter of the redirect's target.
    pub fn location_query(&self, name: &str) -> Option<String> {
        let location = self.location.as_ref()?;
        location
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Where the form with this id posts to, and its hidden fields.
    fn form(&self, id: &str) -> (Url, Vec<(String, String)>) {
        let document = Document::from(self.body.as_str());
        let form = document.select(&format!("form#{id}"));
        assert!(
            form.exists(),
            "no form#{id} at {} ({}):\n{}",
            self.url,
            self.status,
            self.body
        );
        let action = self
            .url
            .join(&form.attr_or("action", ""))
            .expect("an action");
        let hidden = form.select("input[type=hidden]");
        let fields = hidden
            .iter()
            .map(|field| {
                (
                    field.attr_or("name", "").to_string(),
                    field.attr_or("value", "").to_string(),
                )
            })
            .collect();
        (action, fields)
    }
}

/// A browser of one person.
#[derive(Debug)]
pub struct Browser {
    edge: Edge,
    http: reqwest::Client,
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Browser {
    /// A browser without cookies that sees the world through `edge`.
    pub fn new(edge: &Edge) -> Self {
        Self {
            edge: edge.clone(),
            http: plain_http(),
            cookies: HashMap::new(),
        }
    }

    /// Goes to a URL.
    pub async fn get(&mut self, url: &Url) -> Page {
        self.send(Method::GET, url, None).await
    }

    /// Goes to a URL, and on wherever it redirects to until a page comes or a redirect points
    /// outside the domain and not at `through` (the identity provider).
    pub async fn follow(&mut self, url: &Url, through: &Url) -> Page {
        let mut page = self.get(url).await;
        for _ in 0..10 {
            match page.location.clone() {
                Some(next) if self.is_ours(&next) || next.origin() == through.origin() => {
                    page = self.get(&next).await;
                }
                _ => return page,
            }
        }
        panic!("redirects without end at {}", page.url);
    }

    /// Sends the form with this id, its hidden fields and `fields`.
    pub async fn submit(&mut self, page: &Page, id: &str, fields: &[(&str, &str)]) -> Page {
        let (action, mut all) = page.form(id);
        all.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        self.post(&action, &all).await
    }

    /// Sends a form to a URL.
    pub async fn post(&mut self, url: &Url, fields: &[(String, String)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, url, Some(body)).await
    }

    /// Forgets every cookie, as another person's browser never had them.
    pub fn clear_cookies(&mut self) {
        self.cookies.clear();
    }

    fn is_ours(&self, url: &Url) -> bool {
        url.host_str()
            .is_some_and(|host| host.ends_with(&format!(".{}", self.edge.domain)))
    }

    async fn send(&mut self, method: Method, url: &Url, form: Option<String>) -> Page {
        let host = url.host_str().unwrap_or_default().to_owned();
        let jar = self.cookies.entry(host).or_default();
        let cookies: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self.edge.route(&self.http, method, url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(form) = form {
            // A browser says where a form comes from; the form's page and its target share it.
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("Origin", url.origin().ascii_serialization())
                .body(form);
        }
        let answer = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        for line in answer.headers().get_all(SET_COOKIE) {
            keep(jar, url, line.to_str().expect("a cookie"));
        }
        let header = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let location = header(LOCATION).map(|to| url.join(to).expect("a Location"));
        let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let status = answer.status();
        let body = answer.text().await.expect("a body");
        Page {
            url: url.clone(),
            status,
            location,
            content_type,
            body,
        }
    }
}

/// Keeps a cookie by the rules of RFC 6265bis that our pages rely on.
fn keep(jar: &mut HashMap<String, String>, url: &Url, line: &str) {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts
        .next()
        .and_then(|pair| pair.split_once('='))
        .expect("name=value");
    let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    let has = |attribute: &str| attributes.iter().any(|one| one == attribute);
    if name.starts_with("__Host-") {
        let domain = attributes.iter().any(|one| one.starts_with("domain"));
        assert!(
            has("secure") && has("path=/") && !domain,
            "a browser refuses: {line}"
        );
    }
    assert!(
        !has("secure") || url.scheme() == "https",
        "a browser refuses over http: {line}"
    );
    if has("max-age=0") {
        jar.remove(name);
    } else {
        jar.insert(name.to_owned(), value.to_owned());
    }
}
