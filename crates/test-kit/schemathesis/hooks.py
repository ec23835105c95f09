"""Makes requests that keep to the document also true: a schema cannot say which client, redirect
URI and service there are, nor that a client proves itself once (RFC 6749 section 2.3)."""

import os

import schemathesis

CREDENTIALS = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
TRUE = {
    "client_id": os.environ["CLIENT_ID"],
    "redirect_uri": os.environ["REDIRECT_URI"],
    "resource": os.environ["RESOURCE"],
}
MANAGED_CLIENT_ID = os.environ["MANAGED_CLIENT_ID"]


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.meta.generation.mode.is_positive:
        return
    make_true(case.query)
    # Nobody has pushed a request that it could name.
    case.query.pop("request_uri", None)
    # Not for DELETE: it would end what the others ask about.
    if case.method in ("GET", "PUT") and "client_id" in case.path_parameters:
        case.path_parameters["client_id"] = MANAGED_CLIENT_ID
    if not isinstance(case.body, dict):
        return
    if case.operation.path.startswith("/register"):
        make_metadata_true(case.body)
        return
    for name in CREDENTIALS:
        case.body.pop(name, None)
    make_true(case.body)


def make_true(parameters):
    parameters.update({name: true for name, true in TRUE.items() if name in parameters})


def make_metadata_true(body):
    body["redirect_uris"] = [TRUE["redirect_uri"]]
    if "client_id" in body:
        body["client_id"] = MANAGED_CLIENT_ID
        body.pop("client_secret", None)
        # Once it has a secret, it cannot become public.
        body["token_endpoint_auth_method"] = "client_secret_post"
    elif body.get("token_endpoint_auth_method") == "private_key_jwt":
        body["jwks"], body["jwks_uri"] = None, "https://client.example/jwks"
