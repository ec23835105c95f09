"""The unmodified Python SDK's identity-assertion client (MCP extension
enterprise-managed authorization) against a gateway that trusts an identity
provider: it brings an ID-JAG to /token and calls an MCP service with what it
gets (RFC 7523 section 2.1). Starts the gateway and the provider's keys itself.
Ends with `N passed, N failed`."""

import asyncio
import base64
import http.server
import json
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider

GATEWAY = pathlib.Path(__file__).parents[4] / "target/debug/gateway"
ISSUER = "https://idp.example"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class IdentityProvider:
    """Signs assertions, and publishes its key."""

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        public = base64url(self.key.public_key().public_bytes_raw())
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "1", "use": "sig", "alg": "EdDSA"}
        document = json.dumps({"keys": [jwk]}).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def id_jag(self, holder, audience, resource, **changes):
        now = int(time.time())
        header = {"alg": "EdDSA", "typ": "oauth-id-jag+jwt", "kid": "1"}
        claims = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": audience,
            "client_id": holder,
            "resource": resource,
            "scope": "mcp",
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + 300,
        } | changes
        parts = [base64url(json.dumps(part).encode()) for part in (header, claims)]
        message = ".".join(parts)
        return f"{message}.{base64url(self.key.sign(message.encode()))}"


class Memory:
    """The SDK's token storage."""

    tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, client_info):
        pass


async def ready(http_client, base):
    for _ in range(100):
        try:
            if (await http_client.get(f"{base}/ready")).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the gateway is not ready")


async def story(base, provider):
    resource = f"{base}/mcp"
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient() as plain:
        await ready(plain, base)
        metadata = {
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", JWT_BEARER],
            "token_endpoint_auth_method": "client_secret_post",
        }
        client = (await plain.post(f"{base}/register", json=metadata)).json()
        discovered = (await plain.get(f"{base}/.well-known/oauth-authorization-server")).json()
        assert JWT_BEARER in discovered["grant_types_supported"]

        async def assertion(audience, asked):
            return provider.id_jag(client["client_id"], audience, asked)

        memory = Memory()
        auth = IdentityAssertionOAuthProvider(
            resource, memory, client["client_id"], client["client_secret"], base, assertion
        )
        async with httpx2.AsyncClient(auth=auth) as sdk:
            answer = await sdk.post(resource, json=INITIALIZE, headers=accept)
        assert answer.status_code == 200, answer.text
        assert memory.tokens.refresh_token is None, "the provider decides again each time"
        print("identity assertion: the SDK's client got through")

        proof = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        form = proof | {"token": memory.tokens.access_token}
        told = (await plain.post(f"{base}/introspect", data=form)).json()
        assert (told["active"], told["sub"]) == (True, "idjag|alice"), told
        for changes in ({"iss": "https://evil.example"}, {"aud": ISSUER}, {"exp": 1}, {"client_id": "x"}):
            bad = provider.id_jag(client["client_id"], base, resource, **changes)
            form = proof | {"grant_type": JWT_BEARER, "assertion": bad}
            answer = await plain.post(f"{base}/token", data=form)
            assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant", (changes, answer.text)
        print("identity assertion: others' assertions are refused")


def main():
    provider = IdentityProvider()
    with socket.socket() as probe, tempfile.TemporaryDirectory() as data:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = {
            "GATEWAY_PORT": str(port),
            "GATEWAY_DATA_DIR": data,
            "LOCAL_PASSPHRASE": secrets.token_hex(16),
            "IDJAG_ISSUER": ISSUER,
            "IDJAG_JWKS_URL": provider.url,
        }
        gateway = subprocess.Popen([GATEWAY, "serve"], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            asyncio.run(story(f"http://localhost:{port}", provider))
        finally:
            gateway.terminate()
            gateway.wait()
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
