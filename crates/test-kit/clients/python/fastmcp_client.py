"""FastMCP's client with its own OAuth helper, unmodified: it looks at the authorization URL first,
opens the desktop's browser and listens at its redirect URI. The browser is a class that plays the
person's part, registered as Python's `webbrowser` foresees it."""

import asyncio
import os
import subprocess
import threading
import warnings
import webbrowser

import httpx2
from fastmcp import Client
from fastmcp.client.auth import OAuth
from key_value.aio.stores.memory import MemoryStore
from revocation import until_refused

MCP_URL = os.environ["MCP_URL"]
PAGE_URL = os.environ["PAGE_URL"]
PAGE_SENTENCE = os.environ["PAGE_SENTENCE"]
BROWSER_STEPS = os.environ["BROWSER_STEPS"]
PORT = 33407


class Person(webbrowser.BaseBrowser):
    """Whoever sits before the browser; counts how often he is needed."""

    visits = 0

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.visits += 1
        print("discovered and registered")
        threading.Thread(target=self.visit, args=(url,), daemon=True).start()
        return True

    def visit(self, url: str) -> None:
        command = ["node", BROWSER_STEPS, url, f"http://localhost:{PORT}/callback"]
        callback = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        print("browser steps done")
        # FastMCP may only now begin to listen.
        transport = httpx2.HTTPTransport(retries=5)
        with httpx2.Client(transport=transport, trust_env=False) as http:
            assert http.get(callback).status_code == 200, callback


async def list_and_fetch(auth: OAuth, note: str) -> None:
    async with Client(MCP_URL, auth=auth) as client:
        assert any(tool.name == "fetch" for tool in await client.list_tools()), "tools/list has no fetch"
        print(f"tools/list has fetch ({note})")
        result = await client.call_tool("fetch", {"url": PAGE_URL})
        assert PAGE_SENTENCE in str(result), f"the page is not in the result: {result}"
        print(f"tools/call fetch returned the page ({note})")


async def main() -> None:
    person, storage = Person(), MemoryStore()
    webbrowser.register("person", None, person, preferred=True)

    auth = OAuth(MCP_URL, token_storage=storage, callback_port=PORT)
    await list_and_fetch(auth, "first token")
    first = await auth.token_storage_adapter.get_tokens()
    revocation_endpoint = str(auth.context.oauth_metadata.revocation_endpoint)

    # After a restart, the access token spoilt and expired.
    await auth.token_storage_adapter.set_tokens(first.model_copy(update={"access_token": "spoilt", "expires_in": -1}))
    auth = OAuth(MCP_URL, token_storage=storage, callback_port=PORT)
    await list_and_fetch(auth, "after a restart and a refresh")
    second = await auth.token_storage_adapter.get_tokens()
    assert second.refresh_token != first.refresh_token, "no rotation"
    assert person.visits == 1, "a person was asked again"
    print("refreshed: a new pair, and no person was asked")

    # FastMCP revokes nothing itself; once somebody else did, it asks the person again.
    client = await auth.token_storage_adapter.get_client_info()
    async with httpx2.AsyncClient() as http:
        form = {"token": second.refresh_token, "client_id": client.client_id}
        answer = await http.post(revocation_endpoint, data=form)
        assert answer.status_code == 200, answer.text
    await until_refused(MCP_URL, second.access_token)
    await list_and_fetch(auth, "after a revocation and a new sign-in")
    assert person.visits == 2, "a revoked token was good"


warnings.filterwarnings("ignore", message="Using in-memory token storage")
asyncio.run(main())
