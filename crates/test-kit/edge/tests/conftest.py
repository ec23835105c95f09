"""What every test of the edge shares: the running stack, and a token."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from stack import Stack  # noqa: E402

from client import sign_in  # noqa: E402


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
