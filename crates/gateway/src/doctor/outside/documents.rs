//! Every well-known form (RFC 8414, OpenID Connect discovery, RFC 9728), and the public keys.

use serde_json::Value;
use token_core::keys::VerificationKeys;
use token_core::{Issuer, ResourceId};

use super::target::{Asked, Target};
use crate::doctor::finding::{Outcome, Problem};

const ROUTES: &str =
    "git checkout traefik/dynamic/gateway.yml, then just up; and just logs auth-service";
const VERIFIER: &str =
    "git checkout traefik/dynamic/gateway.yml, then just up; and just logs forward-auth";
const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// An address at which a document must be, and what came.
pub(crate) type Document = (String, Asked);

/// Where the authorization server's metadata must be: at the issuer, with a path suffix too, and
/// on each MCP host for clients of 2025-03-26.
pub(crate) fn of_issuer(target: &Target) -> Vec<String> {
    let issuer = &target.issuer;
    let mut urls: Vec<_> = target
        .origins()
        .into_iter()
        .map(|origin| format!("{origin}{AUTHORIZATION_SERVER}"))
        .collect();
    urls.push(issuer.endpoint(&format!("{AUTHORIZATION_SERVER}/mcp")));
    urls.push(issuer.endpoint("/.well-known/openid-configuration"));
    urls
}

/// Where a service's own metadata must be: below the path of the service, and at the root where
/// its host has no other.
pub(crate) fn of_services(target: &Target) -> Vec<(ResourceId, Vec<String>)> {
    let services = target.services.iter();
    let forms = services.map(|service| {
        let resource = &service.resource;
        let mut urls = vec![resource.metadata_url()];
        let on_host = target.services.iter();
        let on_host = on_host.filter(|other| other.resource.authority() == resource.authority());
        if on_host.count() == 1 {
            let origin = resource.as_str().strip_suffix(resource.path());
            let origin = origin.unwrap_or(resource.as_str());
            urls.push(format!("{origin}{PROTECTED_RESOURCE}"));
        }
        urls.dedup();
        (resource.clone(), urls)
    });
    forms.collect()
}

pub(crate) fn issuer_metadata(documents: &[Document], issuer: &Issuer) -> Outcome {
    let problems = documents.iter().filter_map(|(url, asked)| {
        let found = match object(asked) {
            Err(error) => error,
            Ok(document) => wrong_with_issuer(&document, issuer)?,
        };
        Some(Problem::fail(format!("{url}: {found}"), ROUTES))
    });
    Outcome::of(
        problems.collect(),
        format!("at all {} addresses", documents.len()),
    )
}

fn wrong_with_issuer(document: &Value, issuer: &Issuer) -> Option<String> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer.as_str()) {
        let said = text("issuer").unwrap_or("nothing");
        return Some(format!("its issuer is {said}, not {issuer}"));
    }
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("jwks_uri", "/jwks"),
    ] {
        let expected = issuer.endpoint(path);
        if text(name) != Some(&expected) {
            return Some(format!("its {name} is not {expected}"));
        }
    }
    let methods = document.get("code_challenge_methods_supported");
    let methods: Vec<_> = methods
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    if methods != ["S256"] {
        return Some("PKCE is not S256 alone (code_challenge_methods_supported)".to_owned());
    }
    None
}

/// The documents of each service.
pub(crate) fn resource_metadata(
    documents: &[(ResourceId, Vec<Document>)],
    issuer: &Issuer,
) -> Outcome {
    let mut problems = Vec::new();
    for (resource, forms) in documents {
        for (url, asked) in forms {
            let found = match object(asked) {
                Err(error) => Some(error),
                Ok(document) => wrong_with_resource(&document, resource, issuer),
            };
            problems.extend(found.map(|found| Problem::fail(format!("{url}: {found}"), VERIFIER)));
        }
    }
    let count: usize = documents.iter().map(|(_, forms)| forms.len()).sum();
    Outcome::of(problems, format!("at all {count} addresses"))
}

fn wrong_with_resource(document: &Value, resource: &ResourceId, issuer: &Issuer) -> Option<String> {
    let said = document
        .get("resource")
        .and_then(Value::as_str)
        .unwrap_or("nothing");
    if said != resource.as_str() {
        return Some(format!("its resource is {said}, not {resource}"));
    }
    let servers = document
        .get("authorization_servers")
        .and_then(Value::as_array);
    let servers: Vec<_> = servers.into_iter().flatten().collect();
    (servers != [issuer.as_str()])
        .then(|| format!("its authorization_servers are not {issuer} alone"))
}

pub(crate) fn public_keys(documents: &[Document]) -> Outcome {
    let mut problems = Vec::new();
    let mut count = 0;
    for (url, asked) in documents {
        let found = match text(asked) {
            Err(error) => Some(error),
            Ok(body) => match VerificationKeys::from_jwks_json(body.as_bytes()) {
                Err(error) => Some(error.to_string()),
                Ok(keys) => {
                    count = keys.iter().count();
                    holds_a_private_key(body)
                        .then(|| "it holds a private key: replace every key at once".to_owned())
                }
            },
        };
        problems.extend(found.map(|found| Problem::fail(format!("{url}: {found}"), ROUTES)));
    }
    Outcome::of(
        problems,
        format!("{count} at each of {} addresses", documents.len()),
    )
}

/// RFC 7518 section 6: `d` and, of RSA, the primes.
fn holds_a_private_key(json: &str) -> bool {
    let set: Value = serde_json::from_str(json).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array);
    let mut keys = keys.into_iter().flatten();
    keys.any(|key| {
        ["d", "p", "q", "k"]
            .iter()
            .any(|name| key.get(name).is_some())
    })
}

fn text(asked: &Asked) -> Result<&str, String> {
    let answer = asked.as_ref().map_err(Clone::clone)?;
    if answer.status != 200 {
        return Err(format!("answers {}", answer.status));
    }
    Ok(&answer.body)
}

fn object(asked: &Asked) -> Result<Value, String> {
    let document: Value = serde_json::from_str(text(asked)?).map_err(|_| "is no JSON")?;
    if document.is_object() {
        Ok(document)
    } else {
        Err("is no JSON object".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::outside::target::tests::answer;
    use serde_json::json;
    use token_core::Services;

    fn issuer() -> Issuer {
        Issuer::parse("https://auth.example.com").unwrap()
    }

    fn document(value: &Value) -> Document {
        (
            "https://x".to_owned(),
            Ok(answer(200, &[], &value.to_string())),
        )
    }

    #[test]
    fn every_form_of_the_contract_is_asked_for() {
        let list = "fetch,a=https://t.example.com/a/mcp,b=https://t.example.com/b/mcp";
        let services = Services::parse(list, "example.com").unwrap();
        let target = Target::new(issuer(), &services).unwrap();
        let urls = of_issuer(&target);
        for url in [
            "https://auth.example.com/.well-known/oauth-authorization-server",
            "https://auth.example.com/.well-known/oauth-authorization-server/mcp",
            "https://auth.example.com/.well-known/openid-configuration",
            "https://fetch.example.com/.well-known/oauth-authorization-server",
            "https://t.example.com/.well-known/oauth-authorization-server",
        ] {
            assert!(urls.iter().any(|own| own == url), "{url}: {urls:?}");
        }
        let forms: Vec<_> = of_services(&target)
            .into_iter()
            .map(|(_, urls)| urls)
            .collect();
        let root = "https://fetch.example.com/.well-known/oauth-protected-resource";
        assert!(forms.contains(&vec![format!("{root}/mcp"), root.to_owned()]));
        // A host with several services has no root form.
        let shared = "https://t.example.com/.well-known/oauth-protected-resource";
        assert!(
            forms.contains(&vec![format!("{shared}/a/mcp")]),
            "{forms:?}"
        );
    }

    #[test]
    fn metadata_of_somebody_else_is_told() {
        let good = json!({
            "issuer": "https://auth.example.com",
            "authorization_endpoint": "https://auth.example.com/authorize",
            "token_endpoint": "https://auth.example.com/token",
            "jwks_uri": "https://auth.example.com/jwks",
            "code_challenge_methods_supported": ["S256"],
        });
        let verdict = |own: &Value| issuer_metadata(&[document(own)], &issuer()).verdict();
        assert_eq!(verdict(&good), Verdict::Ok);
        for (name, value) in [
            ("issuer", json!("https://auth.example.com/")),
            ("token_endpoint", json!("http://auth.example.com/token")),
            (
                "token_endpoint",
                json!("https://auth.example.com.evil.example/token"),
            ),
            (
                "authorization_endpoint",
                json!("https://auth.example.com@evil.example/authorize"),
            ),
            ("jwks_uri", Value::Null),
            ("code_challenge_methods_supported", json!(["plain", "S256"])),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(verdict(&bad), Verdict::Fail, "{name}");
        }
        let missing = ("https://x".to_owned(), Ok(answer(404, &[], "")));
        assert_eq!(
            issuer_metadata(&[missing], &issuer()).verdict(),
            Verdict::Fail
        );
    }

    #[test]
    fn a_resource_names_itself_and_us() {
        let resource = ResourceId::parse("https://fetch.example.com/mcp").unwrap();
        let verdict = |own: &Value| {
            let forms = vec![(resource.clone(), vec![document(own)])];
            resource_metadata(&forms, &issuer()).verdict()
        };
        let servers = json!(["https://auth.example.com"]);
        let named = json!({ "resource": resource.as_str(), "authorization_servers": servers });
        assert_eq!(verdict(&named), Verdict::Ok);
        let foreign =
            json!({ "resource": resource.as_str(), "authorization_servers": ["https://x"] });
        assert_eq!(verdict(&foreign), Verdict::Fail);
        let other =
            json!({ "resource": "https://fetch.example.com/", "authorization_servers": servers });
        assert_eq!(verdict(&other), Verdict::Fail);
    }

    #[test]
    fn a_private_key_that_is_published_is_told() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k" });
        let mut private = public.clone();
        private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        let verdict = |key: Value| public_keys(&[document(&json!({ "keys": [key] }))]).verdict();
        assert_eq!(verdict(public), Verdict::Ok);
        assert_eq!(verdict(private), Verdict::Fail);
    }
}
