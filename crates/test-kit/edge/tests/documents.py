"""The host where clients are described (clients/node/document-host.mjs), as the
tests see it, and what they describe there."""

import contextlib
import json
import os
import secrets
from urllib.parse import urlencode

from client import REDIRECT_URI, request

# The authorization server keeps a document for no less than this, in seconds.
LEAST_LIFETIME = 60
HOST = os.environ.get("DOCUMENT_HOST", "http://documents.test")


def tell(path, body=""):
    """An instruction to the host."""
    answer = request("PUT", f"{HOST}{path}", {}, body)
    assert answer.status == 200, answer.body


def serve(url, body, **answer):
    """What a URL answers from now on, with `status`, `headers` and `manner`."""
    tell("/", json.dumps({"url": url, "body": body, **answer}))


def asked(url):
    """The headers of each request for a URL, so far."""
    return request("GET", f"{HOST}/?{urlencode({'url': url})}").json()


def new_url(host="claude.ai"):
    """The address of a document that nobody knows yet."""
    return f"https://{host}/oauth/{secrets.token_hex(8)}/client.json"


def document(url, **changes):
    """The description of a public client; `None` takes a member away."""
    described = {
        "client_id": url,
        "client_name": "Described",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    } | changes
    return {name: value for name, value in described.items() if value is not None}


def new_client(host="claude.ai", headers=None, **changes):
    """Describes a new client; answers its id, which is the document's address."""
    url = new_url(host)
    serve(url, document(url, **changes), headers=headers or {})
    return url


@contextlib.contextmanager
def outage():
    """Meanwhile nobody listens there."""
    tell("/down")
    try:
        yield
    finally:
        tell("/up")
