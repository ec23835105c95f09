//! The requests of one sign-in after the other, as clients and browsers send them.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use test_kit::process::plain_http;
use test_kit::random;
use url::Url;

use crate::Outcome;
use crate::system::{DOMAIN, SERVICE, System};

/// Where every client here returns to.
pub const REDIRECT_URI: &str = "http://127.0.0.1:7777/callback";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An authorization server, and how it is reached.
#[derive(Debug, Clone)]
pub struct Target {
    http: reqwest::Client,
    origin: String,
    /// The public name, where an edge stands before it.
    host: Option<String>,
    resource: String,
}

/// A page that asks for consent, as its browser holds it.
#[derive(Debug, Clone)]
pub struct Consent {
    cookie: String,
    request: String,
}

/// A sign-in that was approved and waits for the identity provider.
#[derive(Debug, Clone)]
pub struct Approved {
    cookie: String,
    provider: Url,
}

/// A token answer.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token, where there is one.
    pub refresh: String,
}

impl Target {
    /// auth-service of a system, asked as Traefik does.
    pub fn of(system: &System) -> Self {
        Self {
            http: plain_http(),
            origin: format!("http://{}", system.auth_address),
            host: Some(format!("auth.{DOMAIN}")),
            resource: format!("https://{SERVICE}.{DOMAIN}/mcp"),
        }
    }

    /// The single process at this origin.
    pub fn at(origin: &str) -> Self {
        Self {
            http: plain_http(),
            origin: origin.to_owned(),
            host: None,
            resource: format!("{origin}/mcp"),
        }
    }

    /// Registers a public client of its own name; gives its identifier (RFC 7591).
    pub async fn register(&self) -> Outcome<String> {
        let metadata = json!({
            "client_name": format!("Client {}", random::hex(8)),
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let request = self.request(Method::POST, "/register").json(&metadata);
        let answer = expect(request.send().await?, StatusCode::CREATED).await?;
        text(&answer.json().await?, "client_id")
    }

    /// The consent page of a client.
    pub async fn authorize(&self, client_id: &str) -> Outcome<Consent> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", REDIRECT_URI),
                ("state", "a state of the client's"),
                ("code_challenge", &random::s256(VERIFIER)),
                ("code_challenge_method", "S256"),
                ("resource", &self.resource),
            ])
            .finish();
        let request = self.request(Method::GET, &format!("/authorize?{query}"));
        let page = expect(request.send().await?, StatusCode::OK).await?;
        let cookie = cookie(&page)?;
        let body = page.text().await?;
        let field = body.split_once("name=\"request\" value=\"");
        let request = field.and_then(|(_, rest)| rest.split_once('"'));
        let (request, _) = request.ok_or_else(|| format!("no request in {body}"))?;
        Ok(Consent {
            cookie,
            request: request.to_owned(),
        })
    }

    /// Approves.
    pub async fn approve(&self, consent: &Consent) -> Outcome<Approved> {
        let form = [
            ("request", consent.request.as_str()),
            ("decision", "approve"),
        ];
        let request = self.form("/consent", &form).header(COOKIE, &consent.cookie);
        let away = expect(request.send().await?, StatusCode::SEE_OTHER).await?;
        Ok(Approved {
            cookie: cookie(&away)?,
            provider: location(&away)?,
        })
    }

    /// What the identity provider sends the browser back with.
    pub async fn signed_in(&self, approved: &Approved) -> Outcome<Url> {
        let answer = self.http.get(approved.provider.clone()).send().await?;
        location(&answer)
    }

    /// Back from the identity provider: a code.
    pub async fn callback(&self, approved: &Approved, back: &Url) -> Outcome<String> {
        let path = format!("/callback?{}", back.query().unwrap_or_default());
        let request = self.request(Method::GET, &path);
        let request = request.header(COOKIE, &approved.cookie);
        let answer = expect(request.send().await?, StatusCode::SEE_OTHER).await?;
        let to_client = location(&answer)?;
        let mut query = to_client.query_pairs();
        let code = query.find(|(name, _)| name == "code");
        let (_, code) = code.ok_or_else(|| format!("no code in {to_client}"))?;
        Ok(code.into_owned())
    }

    /// Redeems a code.
    pub async fn redeem(&self, client_id: &str, code: &str) -> Outcome<Tokens> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Refreshes.
    pub async fn refresh(&self, client_id: &str, refresh_token: &str) -> Outcome<Tokens> {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    /// Asks for a token of the client's own.
    pub async fn client_credentials(&self, client_id: &str, secret: &str) -> Outcome<Tokens> {
        self.token(&[
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret),
        ])
        .await
    }

    /// The same of a client that proves itself by an assertion (RFC 7523).
    pub async fn client_credentials_by_key(&self, assertion: &str) -> Outcome<Tokens> {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        self.token(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
        ])
        .await
    }

    /// Revokes a token of a public client.
    pub async fn revoke(&self, client_id: &str, token: &str) -> Outcome<()> {
        let form = [("client_id", client_id), ("token", token)];
        let request = self.form("/revoke", &form);
        expect(request.send().await?, StatusCode::OK).await?;
        Ok(())
    }

    async fn token(&self, form: &[(&str, &str)]) -> Outcome<Tokens> {
        let answer = self.form("/token", form).send().await?;
        let body: Value = expect(answer, StatusCode::OK).await?.json().await?;
        let refresh = body.get("refresh_token").and_then(Value::as_str);
        Ok(Tokens {
            access: text(&body, "access_token")?,
            refresh: refresh.unwrap_or_default().to_owned(),
        })
    }

    fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let origin = match &self.host {
            Some(host) => format!("https://{host}"),
            None => self.origin.clone(),
        };
        self.request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("Origin", origin)
            .body(body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        match &self.host {
            Some(host) => request
                .header("Host", host)
                .header("X-Forwarded-Host", host)
                .header("X-Forwarded-Proto", "https")
                .header("X-Forwarded-For", "203.0.113.9"),
            None => request,
        }
    }
}

async fn expect(answer: Response, status: StatusCode) -> Outcome<Response> {
    if answer.status() == status {
        return Ok(answer);
    }
    let (url, got) = (answer.url().path().to_owned(), answer.status());
    let body = answer.text().await?;
    Err(format!("{url} answers {got}, not {status}: {body}").into())
}

fn cookie(answer: &Response) -> Outcome<String> {
    let header = answer.headers().get(SET_COOKIE).ok_or("no cookie")?;
    let pair = header.to_str()?.split(';').next().unwrap_or_default();
    Ok(pair.to_owned())
}

fn location(answer: &Response) -> Outcome<Url> {
    let header = answer.headers().get(LOCATION).ok_or("no Location")?;
    Ok(header.to_str()?.parse()?)
}

fn text(body: &Value, member: &str) -> Outcome<String> {
    let text = body.get(member).and_then(Value::as_str);
    Ok(text
        .ok_or_else(|| format!("no {member} in {body}"))?
        .to_owned())
}
