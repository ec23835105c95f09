"""Authlib, unmodified, as a confidential client (client_secret_basic, its default).

It sends the token with each MCP request and refreshes it when it has expired. Authlib has no
discovery, no registration and no MCP: those are plain requests here.
"""

import asyncio
import os
import subprocess

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from revocation import until_refused

MCP_URL = os.environ["MCP_URL"]
PAGE_URL = os.environ["PAGE_URL"]
PAGE_SENTENCE = os.environ["PAGE_SENTENCE"]
BROWSER_STEPS = os.environ["BROWSER_STEPS"]
REDIRECT_URI = "http://127.0.0.1:33406/callback"


async def discover(http: httpx2.AsyncClient) -> tuple[str, dict]:
    refusal = await http.post(MCP_URL)
    assert refusal.status_code == 401
    location = refusal.headers["www-authenticate"].split('resource_metadata="')[1].split('"')[0]
    resource = (await http.get(location)).raise_for_status().json()
    issuer = resource["authorization_servers"][0]
    metadata = await http.get(f"{issuer}/.well-known/oauth-authorization-server")
    return resource["resource"], metadata.raise_for_status().json()


async def register(http: httpx2.AsyncClient, endpoint: str) -> dict:
    response = await http.post(endpoint, json={"client_name": "Authlib", "redirect_uris": [REDIRECT_URI]})
    assert response.status_code == 201, response.text
    # RFC 7591 section 2: absent means client_secret_basic.
    assert response.json()["token_endpoint_auth_method"] == "client_secret_basic"
    return response.json()


async def call(http: AsyncOAuth2Client, method: str, params: dict) -> str:
    """One MCP request of the 2026-07-28 era, which needs no session; the answer as it came."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
    }
    if "name" in params:
        headers["mcp-name"] = params["name"]
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    response = await http.post(MCP_URL, headers=headers, json=request)
    assert response.status_code == 200, f"{response.status_code} {response.text}"
    return response.text


async def list_and_fetch(http: AsyncOAuth2Client, note: str) -> None:
    assert '"name":"fetch"' in await call(http, "tools/list", {}), "tools/list has no fetch"
    print(f"tools/list has fetch ({note})")
    page = await call(http, "tools/call", {"name": "fetch", "arguments": {"url": PAGE_URL}})
    assert PAGE_SENTENCE in page, f"the page is not in the result: {page}"
    print(f"tools/call fetch returned the page ({note})")


async def main() -> None:
    async with httpx2.AsyncClient() as http:
        resource, metadata = await discover(http)
        registration = await register(http, metadata["registration_endpoint"])
    print("discovered and registered")

    client = AsyncOAuth2Client(
        client_id=registration["client_id"],
        client_secret=registration["client_secret"],
        scope="mcp offline_access",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
        timeout=30,
    )
    async with client:
        verifier = generate_token(48)
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, resource=resource
        )
        command = ["node", BROWSER_STEPS, url, REDIRECT_URI]
        callback = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        print("browser steps done")
        first = await client.fetch_token(
            metadata["token_endpoint"],
            authorization_response=callback,
            state=state,
            code_verifier=verifier,
            resource=resource,
        )
        print("tokens received")
        await list_and_fetch(client, "first token")

        client.token = {**first, "expires_at": 1}
        await list_and_fetch(client, "after a refresh")
        second = client.token
        assert second["refresh_token"] != first["refresh_token"], "no rotation"

        answer = await client.revoke_token(
            metadata["revocation_endpoint"], token=second["refresh_token"], token_type_hint="refresh_token"
        )
        assert answer.status_code == 200, answer.text
        await until_refused(MCP_URL, second["access_token"])
        try:
            await client.refresh_token(metadata["token_endpoint"], refresh_token=second["refresh_token"])
        except OAuthError as error:
            assert error.error == "invalid_grant", error
        else:
            raise AssertionError("a revoked refresh token was good")
        print("revoked: neither token of the pair is good any more")


asyncio.run(main())
