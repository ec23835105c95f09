"""The Python SDK (mcp), unmodified, through its public interface and in both protocol eras; as a
client that registers, or (CLIENT_DOCUMENT) as one with a document of its own."""

import asyncio
import os
import subprocess
from urllib.parse import parse_qs, quote, urlparse

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

MCP_URL = os.environ["MCP_URL"]
PAGE_URL = os.environ["PAGE_URL"]
PAGE_SENTENCE = os.environ["PAGE_SENTENCE"]
BROWSER_STEPS = os.environ["BROWSER_STEPS"]
REDIRECT_URI = "http://127.0.0.1:33403/callback"
CLIENT_DOCUMENT = os.environ.get("CLIENT_DOCUMENT")
DOCUMENT_HOST = os.environ.get("DOCUMENT_HOST")
METADATA = OAuthClientMetadata(client_name="Python SDK", redirect_uris=[AnyUrl(REDIRECT_URI)])


class MemoryStorage:
    """A TokenStorage without a disk."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Whoever sits before the browser; counts how often he is needed."""

    visits = 0
    callback = ""

    async def visit(self, authorization_url: str) -> None:
        self.visits += 1
        print("discovered and registered")
        command = ["node", BROWSER_STEPS, authorization_url, REDIRECT_URI]
        self.callback = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        print("browser steps done")

    async def came_back(self) -> AuthorizationCodeResult:
        query = {name: values[0] for name, values in parse_qs(urlparse(self.callback).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])


def new_provider(storage: MemoryStorage, person: Person) -> OAuthClientProvider:
    return OAuthClientProvider(
        server_url=MCP_URL,
        client_metadata=METADATA,
        client_metadata_url=CLIENT_DOCUMENT,
        storage=storage,
        redirect_handler=person.visit,
        callback_handler=person.came_back,
    )


async def list_and_fetch(provider: OAuthClientProvider, mode: str, note: str) -> None:
    async with httpx2.AsyncClient(auth=provider, timeout=30) as http:
        async with Client(streamable_http_client(MCP_URL, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            assert any(tool.name == "fetch" for tool in tools.tools), "tools/list has no fetch"
            print(f"tools/list has fetch ({note})")
            result = await client.call_tool("fetch", {"url": PAGE_URL})
            assert PAGE_SENTENCE in result.model_dump_json(), f"the page is not in the result: {result}"
            print(f"tools/call fetch returned the page ({note})")


async def describe(url: str) -> None:
    metadata = METADATA.model_dump(mode="json", exclude_none=True) | {"client_id": url}
    async with httpx2.AsyncClient() as http:
        (await http.put(f"{DOCUMENT_HOST}/", json={"url": url, "body": metadata})).raise_for_status()


async def assert_looked_at(url: str) -> None:
    async with httpx2.AsyncClient() as http:
        asked = await http.get(f"{DOCUMENT_HOST}/?url={quote(url, safe='')}")
    assert len(asked.json()) == 1, f"{url} was not looked at once"
    print("the gateway looked at its document")


async def main() -> None:
    if CLIENT_DOCUMENT:
        await describe(CLIENT_DOCUMENT)
    storage, person = MemoryStorage(), Person()
    provider = new_provider(storage, person)
    await list_and_fetch(provider, "legacy", "initialize")
    first = storage.tokens
    assert first is not None

    # Expired, in the same process: the refresh goes to the token endpoint of the metadata.
    provider.context.token_expiry_time = 1.0
    await list_and_fetch(provider, "2026-07-28", "2026-07-28, after a refresh")
    second = storage.tokens
    assert second is not None and second.refresh_token != first.refresh_token, "no rotation"

    # Unusable, after a restart: without metadata the refresh goes to /token on the MCP host.
    second.access_token = ""
    await list_and_fetch(new_provider(storage, person), "auto", "auto, after a restart and a refresh")
    third = storage.tokens
    assert third is not None and third.refresh_token != second.refresh_token, "no rotation"
    assert person.visits == 1, "a person was asked again"
    print("refreshed twice: new pairs, and no person was asked")
    if CLIENT_DOCUMENT:
        assert storage.client is not None and storage.client.client_id == CLIENT_DOCUMENT, "it registered"
        await assert_looked_at(CLIENT_DOCUMENT)


asyncio.run(main())
