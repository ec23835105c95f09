//! What must hold of whatever comes in, one function for each input: that nothing panics, and what
//! is accepted keeps its promises. The fuzz targets call them, and so does a test of the workspace
//! (`crates/auth-service/tests/inputs`), with the corpora and with proptest.

mod outbound;
mod world;

use auth_service::flows::authorization_request::{AuthorizeError, TrustedRedirect, check};
use auth_service::flows::authorization_response::{code_url, error_url};
use auth_service::flows::client_authentication::basic_credentials as parse_basic;
use auth_service::flows::clients::find;
use auth_service::flows::registration::register;
use auth_service::flows::{OAuthFailure, Parameters};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use token_core::access_token::AccessTokenClaims;
use token_core::client::{Client, ClientCredential, ClientKeys, GrantType};
use token_core::client_assertion;
use token_core::id_jag::IdJag;
use token_core::jose::TokenError;
use token_core::redirect_uri::Target;
use token_core::secret::AuthorizationCode;
use token_core::{ClientId, GrantId, RedirectUri, Scope, Scopes};
use url::{Host, Url};

use world::{DOCUMENT, World, ready};

/// One URI, or two with a line feed between them that are compared.
pub fn redirect_uri(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let uris: Vec<_> = text.split('\n').take(2).map(RedirectUri::parse).collect();
    for uri in uris.iter().flatten() {
        is_a_redirect_uri(uri);
    }
    if let [Ok(one), Ok(two)] = uris.as_slice() {
        assert_eq!(one.admits(two), two.admits(one), "{one} {two}");
        let loopback = |uri: &RedirectUri| matches!(uri.target(), Target::Loopback { .. });
        if one.admits(two) && !loopback(one) {
            assert_eq!(one.as_str(), two.as_str());
        }
        if one.admits(two) {
            assert_eq!(loopback(one), loopback(two), "{one} {two}");
        }
    }
}

fn is_a_redirect_uri(uri: &RedirectUri) {
    let text = uri.as_str();
    assert_eq!(RedirectUri::parse(text).as_ref(), Ok(uri));
    assert!(uri.admits(uri), "{text}");
    assert!(text.bytes().all(|b| b.is_ascii_graphic()), "{text}");
    assert!(!text.contains(['#', '\\', '"', '<', '>']), "{text}");
    let url = Url::parse(text).expect("a URL");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{text}"
    );
    match (uri.target(), url.scheme()) {
        (Target::Loopback { .. }, "http") => {
            let here = match url.host() {
                Some(Host::Domain(name)) => name == "localhost",
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            };
            assert!(here, "{text}");
        }
        (Target::Web(host), "https") => {
            let name = url.host_str().expect("a host");
            assert!(
                host.starts_with(name) && !host.contains(['/', '@']),
                "{text}"
            );
        }
        (Target::App(own), scheme) => {
            assert_eq!(own, scheme, "{text}");
            let run = [
                "http",
                "https",
                "javascript",
                "data",
                "file",
                "vbscript",
                "blob",
            ];
            assert!(!run.contains(&scheme), "{text}");
        }
        (target, scheme) => panic!("{text}: {target:?} by {scheme}"),
    }
}

/// A URL that a model, a redirect or a client chose for us to fetch.
pub fn outbound_url(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        outbound::url(text);
    }
}

/// The value of an `Authorization` header, or what it holds before its encoding.
pub fn basic_credentials(data: &[u8]) {
    let encoded = format!("Basic {}", STANDARD.encode(data));
    let given = std::str::from_utf8(data).ok();
    for header in given.into_iter().chain([encoded.as_str()]) {
        let Some((id, secret)) = parse_basic(header) else {
            continue;
        };
        // Printed as the RFC says, it is read as the same.
        let form = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let pair = format!("{}:{}", form(&id), form(secret.expose()));
        let printed = format!("bAsIc {}", STANDARD.encode(pair));
        let (id_again, secret_again) = parse_basic(&printed).expect("what was printed");
        assert_eq!((&id, secret.expose()), (&id_again, secret_again.expose()));
    }
}

/// A JWT's header, or a whole token: nobody signed it, so it is never good, and a header that
/// tells the verifier what to trust is refused for that.
pub fn jwt_header(data: &[u8]) {
    let world = World::get();
    let payload = URL_SAFE_NO_PAD.encode(world::CLAIMS);
    let header = URL_SAFE_NO_PAD.encode(data);
    for signature in ["", "AAAA"] {
        let token = format!("{header}.{payload}.{signature}");
        let refusals = refusals(world, &token);
        let json: Option<Value> = serde_json::from_slice(data).ok();
        let tells = ["jku", "jwk", "x5u", "x5c", "crit"].iter().any(|name| {
            json.as_ref()
                .is_some_and(|json| json.get(name).is_some_and(|it| !it.is_null()))
        });
        if tells {
            for refusal in refusals {
                let early = matches!(refusal, TokenError::Malformed | TokenError::ForbiddenHeader);
                assert!(early, "{refusal}: {json:?}");
            }
        }
    }
    if let Ok(token) = std::str::from_utf8(data) {
        refusals(world, token);
        let _ = client_assertion::claimed_client(token);
    }
}

/// Why nobody takes an unsigned token.
fn refusals(world: &World, token: &str) -> [TokenError; 3] {
    let (issuer, now) = (&world.context.issuer, world.now());
    let client = ClientId::parse("client").expect("an id");
    let signing = world.context.keys.signing();
    let own = AccessTokenClaims::verify_signature(token, issuer, &signing.published);
    let foreign = &world.foreign_keys;
    let audiences = [issuer.endpoint("/token")];
    let assertion = client_assertion::verify(token, foreign, &client, &audiences, now);
    let id_jag = IdJag::verify(token, foreign, "https://idp.example", issuer, now);
    [
        own.expect_err("an access token that nobody signed"),
        assertion.expect_err("an assertion that nobody signed"),
        id_jag.expect_err("an ID-JAG that nobody signed"),
    ]
}

/// A registration (RFC 7591), and a metadata document: what is stored is what would be stored if
/// it were sent.
pub fn client_metadata(data: &[u8]) {
    let world = World::get();
    let context = &world.context;
    if let Ok(registered) = ready(register(context, data)) {
        let client = registered.client;
        is_a_client(&client);
        let effective = written(&client);
        let again = ready(register(context, effective.to_string().as_bytes()));
        let again = again
            .unwrap_or_else(|failure| panic!("{failure}: {effective}"))
            .client;
        assert_eq!(written(&again), effective);
        if client.credential == ClientCredential::None {
            assert_eq!(
                again.client_id, client.client_id,
                "the same metadata, the same client"
            );
            assert!(registered.secret.is_none());
        } else {
            assert_ne!(again.client_id, client.client_id);
        }
    }
    world.publish(data);
    let id = ClientId::parse(DOCUMENT).expect("an id");
    if let Ok(Some(client)) = ready(find(context, &id)) {
        is_a_client(&client);
        assert_eq!(client.client_id, id);
        assert!(
            client
                .client_name
                .is_some_and(|name| !name.trim().is_empty())
        );
        assert!(!client.redirect_uris.is_empty());
        let secret = matches!(
            client.credential,
            ClientCredential::ClientSecretBasic { .. } | ClientCredential::ClientSecretPost { .. }
        );
        assert!(!secret, "a document is public");
    }
}

fn is_a_client(client: &Client) {
    client.redirect_uris.iter().for_each(is_a_redirect_uri);
    let begins = |grant_type| client.grant_types.contains(&grant_type);
    assert!(begins(GrantType::AuthorizationCode) || begins(GrantType::DeviceCode));
    assert!(!begins(GrantType::AuthorizationCode) || !client.redirect_uris.is_empty());
    assert!(!begins(GrantType::ClientCredentials) && client.own_services.is_empty());
    let json = serde_json::to_string(client).expect("JSON");
    let read: Client = serde_json::from_str(&json).expect("a client");
    assert_eq!(read, *client, "as the stores keep it");
    assert!(json.len() < 256 * 1024, "{} bytes", json.len());
}

/// The metadata that the client would send to be just so.
fn written(client: &Client) -> Value {
    let mut metadata = json!({
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": client.credential.method(),
        "grant_types": client.grant_types,
        "application_type": client.application_type,
    });
    if let Some(name) = &client.client_name {
        metadata["client_name"] = json!(name);
    }
    if let Some(scope) = &client.scope {
        metadata["scope"] = json!(scope);
    }
    if let ClientCredential::PrivateKeyJwt { keys } = &client.credential {
        match keys {
            ClientKeys::Jwks(set) => {
                metadata["jwks"] = serde_json::from_str(set).expect("JSON");
            }
            ClientKeys::JwksUri(uri) => metadata["jwks_uri"] = json!(uri),
        }
    }
    metadata
}

/// The value of `scope`, or two with a line feed between them of which the second narrows.
pub fn scope(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (asked, narrower) = match text.split_once('\n') {
        Some((asked, narrower)) => (asked, Some(narrower)),
        None => (&*text, None),
    };
    let granted = Scopes::from_request(Some(asked));
    assert!(granted.contains("mcp"), "{asked:?}");
    let names: Vec<_> = asked.split(' ').collect();
    for scope in granted.iter() {
        let name = scope.as_str();
        assert!(matches!(name, "mcp" | "offline_access"), "{name}");
        assert!(
            name == "mcp" || names.contains(&name),
            "{asked:?} gave {name}"
        );
    }
    let printed = granted.to_string();
    assert_eq!(Scopes::from_request(Some(&printed)), granted);
    assert_eq!(Scopes::try_from(printed).as_ref(), Ok(&granted));

    let fewer = granted.narrowed(narrower);
    assert!(fewer.iter().all(|scope| granted.contains(scope.as_str())));
    assert!(fewer.contains("mcp"));
    assert_eq!(fewer.narrowed(narrower), fewer);

    for name in names {
        let right = |b: u8| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        let is_scope = !name.is_empty() && name.bytes().all(right);
        assert_eq!(Scope::parse(name).is_ok(), is_scope, "{name:?}");
    }
}

/// The query of an authorization request, and the same as a form that was pushed.
pub fn authorization_query(data: &[u8]) {
    let world = World::get();
    let context = &world.context;
    let parameters = Parameters::parse(data);
    match ready(check(context, &parameters, Some("fetch.example.com"))) {
        Ok((client, request)) => {
            assert!(client.admits_redirect(&request.redirect_uri));
            assert_eq!(client.client_id, request.client_id);
            assert!(context.services.name(&request.resource).is_some());
            assert!(request.scope.contains("mcp"));
            assert!(
                request
                    .state
                    .as_ref()
                    .is_none_or(|state| state.len() <= 2048)
            );
            let redirect = TrustedRedirect::from(&request);
            let code = a_code(world);
            let url = code_url(&context.issuer, &redirect, &code);
            leads_back(world, &url, &redirect, &[("code", code.expose())]);
        }
        Err(AuthorizeError::Refused(redirect, failure)) => {
            let url = error_url(&context.issuer, &redirect, &failure);
            leads_back(world, &url, &redirect, &[("error", failure.code.as_str())]);
            is_plain(&failure);
        }
        Err(AuthorizeError::Untrusted(_)) => {}
        Err(AuthorizeError::Store(error)) => panic!("memory does not fail: {error}"),
    }
}

fn a_code(world: &World) -> AuthorizationCode {
    let entropy = world.context.entropy.as_ref();
    let grant = GrantId::generate(entropy).expect("randomness");
    AuthorizationCode::generate(&grant, entropy).expect("randomness")
}

/// A response goes to the client's own redirect URI and says each thing once.
fn leads_back(world: &World, url: &str, redirect: &TrustedRedirect, said: &[(&str, &str)]) {
    assert!(url.bytes().all(|b| b.is_ascii_graphic()), "{url}");
    let base = redirect.redirect_uri().as_str();
    let client = &world.client;
    assert!(client.admits_redirect(redirect.redirect_uri()), "{url}");
    let added = url
        .strip_prefix(base)
        .unwrap_or_else(|| panic!("{url} is not {base}"));
    let added = added.trim_start_matches(['?', '&']);
    let pairs: Vec<_> = url::form_urlencoded::parse(added.as_bytes()).collect();
    let values = |name: &str| -> Vec<&str> {
        let own = pairs.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_ref()).collect()
    };
    for (name, value) in said {
        assert_eq!(values(name), [*value], "{url}");
    }
    assert_eq!(values("iss"), [world.context.issuer.as_str()], "{url}");
    let state: Vec<_> = redirect.state().into_iter().collect();
    assert_eq!(values("state"), state, "{url}");
    let parsed = Url::parse(url).expect("a URL");
    assert!(parsed.fragment().is_none(), "{url}");
}

/// RFC 6749 section 5.2.
fn is_plain(failure: &OAuthFailure) {
    let plain = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    assert!(failure.description.bytes().all(plain), "{failure}");
}
