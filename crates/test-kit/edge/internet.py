"""What is on the internet in the test: a stand-in for GitHub, a page to fetch, and
the host where clients are described."""

import os
import subprocess

import certificates
import images
from network import DOCUMENT_HOSTS, INTERNET, STRANGER

NODE_PROGRAMS = os.path.join(images.ROOT, "crates/test-kit/clients/node")
PAGE_URL = "http://web.test/lighthouse.html"
DOCUMENT_HOST = "http://documents.test"
GITHUB_USER = "alice:1001"


def start(work, variables):
    """GitHub at http://github.test/, where Alice is signed in, a page at
    `PAGE_URL`, and the documents' host, which is told what to serve at
    `DOCUMENT_HOST`; answers the processes. `work/web-authority.pem` is the
    authority that web hosts have their certificates from."""
    certificates.self_signed(work, "web-authority", [])
    certificates.self_signed(work, "web", ["documents.test", *DOCUMENT_HOSTS], "web-authority")
    certificates.self_signed(work, "stranger", [STRANGER])
    github = {
        "FAKE_GITHUB_LISTEN": f"{INTERNET['github.test']}:80",
        "FAKE_GITHUB_CLIENT_ID": variables["GITHUB_CLIENT_ID"],
        "FAKE_GITHUB_CLIENT_SECRET": variables["GITHUB_CLIENT_SECRET"],
        "FAKE_GITHUB_CALLBACK_URL": f"https://auth.{variables['BASE_DOMAIN']}/callback",
        "FAKE_GITHUB_USER": GITHUB_USER,
    }
    page = {"PAGE_LISTEN": f"{INTERNET['web.test']}:80"}
    documents = {"DOCUMENT_LISTEN": INTERNET["documents.test"], "DOCUMENT_CERTIFICATES": work}
    node = images.require("node")
    return [
        launch(work, "fake-github", [images.our_binary("fake-github")], github),
        launch(work, "web-page", [node, f"{NODE_PROGRAMS}/page-server.mjs"], page),
        launch(work, "documents", [node, f"{NODE_PROGRAMS}/document-host.mjs"], documents),
    ]


def launch(work, name, command, settings):
    """Starts one program, with a log of its own."""
    with open(f"{work}/{name}.log", "wb") as log:
        return subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=log, stderr=log, start_new_session=True
        )
