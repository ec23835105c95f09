"""People, clients and strangers, for so many seconds (SECONDS_OF_LOAD), and a Redis that is away
for a while."""

import contextlib
import os
import random
import sys
import time

EDGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [EDGE, f"{EDGE}/tests"]

from client import ask_for_token, bearer, mcp_url, post_json, refresh, register, request, sign_in  # noqa: E402
from stack import Stack  # noqa: E402
from test_lines_seen_inside import github  # noqa: E402

SECONDS = float(os.environ["SECONDS_OF_LOAD"])
PAGES = [os.environ["PAGE_URL"]] * 6 + ["http://127.0.0.1/", "http://web.test/nothing-here", "http://10.9.1.60/"]
CHANCE = random.Random(1)


class People:
    """Who is signed in with what."""

    def __init__(self):
        self.sessions = {"echo": [], "fetch": []}

    def comes(self):
        """Somebody signs in; now and then it is somebody who may not."""
        service = CHANCE.choice(["echo", "fetch"])
        who = CHANCE.choice([("alice", 1001), ("bob", 1002), ("alice", 1001), ("mallory", 666)])
        with github(login=who[0], id=who[1]), contextlib.suppress(AssertionError):
            self.sessions[service].append(sign_in(service, register(name=f"Client {CHANCE.randrange(12)}")))

    def renews(self):
        """A client renews its token; some say nonsense."""
        held = self.sessions[CHANCE.choice(["echo", "fetch"])]
        if CHANCE.random() < 0.2 or not held:
            ask_for_token({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"})
        else:
            own = CHANCE.choice(held)
            answer = refresh(own)
            own |= answer.json() if answer.status == 200 else {}

    def calls(self):
        """A client uses a service, mostly with its token."""
        service = CHANCE.choice(["echo", "echo", "fetch"])
        luck = CHANCE.random()
        headers = {} if luck < 0.06 else bearer("x.y.z")
        if luck > 0.09 and self.sessions[service]:
            headers = bearer(CHANCE.choice(self.sessions[service])["access_token"])
        if service == "echo":
            request("GET", mcp_url("echo"), headers)
        else:
            call = {"name": "fetch", "arguments": {"url": CHANCE.choice(PAGES)}}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            post_json(mcp_url("fetch"), message, headers | {"Accept": "application/json, text/event-stream"})


def main():
    """Each second some calls; every few seconds a sign-in or a renewal."""
    people, stack = People(), Stack.current()
    began, away = time.monotonic(), False
    while (passed := time.monotonic() - began) < SECONDS:
        second = time.monotonic()
        gone = 0.55 < passed / SECONDS < 0.6
        if gone != away:
            (stack.stop if gone else stack.start)("redis")
            away = gone
        with contextlib.suppress(OSError):
            for _ in range(int(6 + 5 * (passed / SECONDS) + CHANCE.randrange(4))):
                people.calls()
            if not away and CHANCE.random() < 0.35:
                people.comes()
            if not away and CHANCE.random() < 0.4:
                people.renews()
        time.sleep(max(0, second + 1 - time.monotonic()))


if __name__ == "__main__":
    main()
