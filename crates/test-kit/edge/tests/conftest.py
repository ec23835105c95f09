"""What every test of the edge shares: the running stack, a token, and clients that
were known before."""

import glob
import json
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from stack import Stack  # noqa: E402

import documents  # noqa: E402
from client import sign_in  # noqa: E402

DIALECTS = os.path.join(os.path.dirname(__file__), "../../dialects/*-cimd*.json")


@pytest.fixture(scope="session")
def stack():
    """The stack that `edge/run` started."""
    return Stack.current()


@pytest.fixture(scope="session")
def token():
    """An access token of Alice for a service: `token("fetch")`."""
    kept = {}

    def get(service):
        if service not in kept:
            kept[service] = sign_in(service)["access_token"]
        return kept[service]

    return get


@pytest.fixture(scope="session", autouse=True)
def known():
    """Clients that were described and signed in with at the beginning of the session:
    their token responses, by the dialect's name. `known.wait()` returns when their
    documents are stale."""
    return Known()


class Known:
    """The clients of the dialects that have a document."""

    def __init__(self):
        self.tokens = {}
        for path in sorted(glob.glob(DIALECTS)):
            with open(path, encoding="utf-8") as file:
                dialect = json.load(file)
            client_id = dialect["document"]["client_id"]
            documents.serve(client_id, dialect["document"], headers={"cache-control": "max-age=60"})
            redirect_uri = dialect["authorize"][0]["redirect_uri"]
            tokens = sign_in("echo", client_id, redirect_uri)
            self.tokens[os.path.basename(path)] = tokens | {"redirect_uri": redirect_uri}
        self.long_lived = documents.new_client(headers={"cache-control": "public, max-age=3600"})
        self.short_lived = documents.new_client(headers={"cache-control": "no-store"})
        for client_id in (self.long_lived, self.short_lived):
            sign_in("echo", client_id)
        self.since = time.monotonic()

    def wait(self):
        """Most of the time has passed by then in other tests."""
        time.sleep(max(0, self.since + documents.LEAST_LIFETIME + 1 - time.monotonic()))
