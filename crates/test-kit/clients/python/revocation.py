"""What a client of any library waits for after a revocation."""

import asyncio

import httpx2

TRIES = 100
PAUSE = 0.05


async def until_refused(mcp_url: str, access_token: str) -> None:
    """Asks until the token is refused: a revocation is at every verifier soon, and within five seconds at worst."""
    async with httpx2.AsyncClient() as http:
        for _ in range(TRIES):
            answer = await http.post(mcp_url, headers={"Authorization": f"Bearer {access_token}"}, json={})
            if answer.status_code == 401:
                return
            await asyncio.sleep(PAUSE)
    raise AssertionError("a revoked token was good for five seconds")
