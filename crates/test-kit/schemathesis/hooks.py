"""Makes requests that keep to the document also true: a schema cannot say which client, redirect
URI and service there are, nor that a client proves itself once (RFC 6749 section 2.3)."""

import os

import schemathesis

CREDENTIALS = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
REDIRECT_URI, RESOURCE = os.environ["REDIRECT_URI"], os.environ["RESOURCE"]


@schemathesis.hook
def before_call(context, case, kwargs):
    if not isinstance(case.body, dict) or not case.meta.generation.mode.is_positive:
        return
    if case.operation.path.startswith("/register"):
        case.body["redirect_uris"] = [REDIRECT_URI]
        return
    for name in CREDENTIALS:
        case.body.pop(name, None)
    for name, true in (("redirect_uri", REDIRECT_URI), ("resource", RESOURCE)):
        if name in case.body:
            case.body[name] = true
