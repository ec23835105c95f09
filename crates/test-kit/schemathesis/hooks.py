"""Makes requests that keep to the document also true: a schema cannot say which client, redirect
URI and service there are, nor that a client proves itself once (RFC 6749 section 2.3)."""

import os

import schemathesis

CREDENTIALS = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
REDIRECT_URI, RESOURCE = os.environ["REDIRECT_URI"], os.environ["RESOURCE"]


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.meta.generation.mode.is_positive:
        return
    make_true(case.query)
    # Nobody has pushed a request that it could name.
    case.query.pop("request_uri", None)
    if not isinstance(case.body, dict):
        return
    if case.operation.path.startswith("/register"):
        metadata(case.body)
        return
    for name in CREDENTIALS:
        case.body.pop(name, None)
    make_true(case.body)


def make_true(parameters):
    for name, true in (("redirect_uri", REDIRECT_URI), ("resource", RESOURCE)):
        if name in parameters:
            parameters[name] = true


def metadata(body):
    body["redirect_uris"] = [REDIRECT_URI]
    if "client_id" in body:
        body["client_id"] = os.environ["MANAGED_CLIENT_ID"]
        body.pop("client_secret", None)
        # Once it has a secret, it cannot become public.
        body["token_endpoint_auth_method"] = "client_secret_post"
    elif body.get("token_endpoint_auth_method") == "private_key_jwt":
        body["jwks"], body["jwks_uri"] = None, "https://client.example/jwks"

