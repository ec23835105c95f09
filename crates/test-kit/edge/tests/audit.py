"""Asks Traefik itself which routers are reachable without a verifier."""

import json

API = "http://127.0.0.1:8080/api/http"
PUBLIC = {"issuer@file", "issuer-limited@file", "nothing-here@file"}
PUBLIC_OF_A_SERVICE = ("metadata", "issuer-metadata", "issuer", "no-other-well-known")


def ask(stack, what):
    """One list of Traefik's API, which answers on Traefik's own loopback."""
    result = stack.from_network_of("traefik", "curl", "-sS", f"{API}/{what}?per_page=1000")
    return json.loads(result.stdout)


def flatten(name, provider, middlewares):
    """A middleware and, for a chain, all that it consists of."""
    name = name if "@" in name else f"{name}@{provider}"
    middleware = middlewares.get(name, {})
    chain = middleware.get("chain", {}).get("middlewares", [])
    return [middleware, *(found for part in chain for found in flatten(part, provider, middlewares))]


def complaints(stack, services):
    """One line for each router that is not as it should be."""
    middlewares = {middleware["name"]: middleware for middleware in ask(stack, "middlewares")}
    public = PUBLIC | {f"{service}-{part}@file" for service in services for part in PUBLIC_OF_A_SERVICE}
    found = []
    for router in ask(stack, "routers"):
        name, provider = router["name"], router["provider"]
        if provider == "internal":
            continue
        used = [m for used in router.get("middlewares") or [] for m in flatten(used, provider, middlewares)]
        if router["status"] != "enabled":
            found.append(f"{name} is {router['status']}: {router.get('error')}")
        if name == "assertion-keys@file":
            if router["entryPoints"] != ["keys"] or router["rule"] != "Path(`/assertion-jwks`)":
                found.append(f"{name} is more than the assertion's keys")
            continue
        if router["entryPoints"] != ["websecure"]:
            found.append(f"{name} is on {router['entryPoints']}")
        if name not in public and not any("forwardAuth" in middleware for middleware in used):
            found.append(f"{name} is reachable without the verifier: {router['rule']}")
        if not any(middleware.get("name") == "secure-headers@file" for middleware in used):
            found.append(f"{name} answers without the security headers")
    return found
