"""What the internet is in the test: a stand-in for GitHub and a page to fetch."""

import os
import subprocess

import images
from network import INTERNET

PAGE_SERVER = os.path.join(images.ROOT, "crates/test-kit/clients/node/page-server.mjs")
PAGE_URL = "http://web.test/lighthouse.html"


def start(work, variables):
    """GitHub at http://github.test/, where Alice is signed in, and a page at
    `PAGE_URL`; answers the processes."""
    github = {
        "FAKE_GITHUB_LISTEN": f"{INTERNET['github.test']}:80",
        "FAKE_GITHUB_CLIENT_ID": variables["GITHUB_CLIENT_ID"],
        "FAKE_GITHUB_CLIENT_SECRET": variables["GITHUB_CLIENT_SECRET"],
        "FAKE_GITHUB_CALLBACK_URL": f"https://auth.{variables['BASE_DOMAIN']}/callback",
        "FAKE_GITHUB_USER": "alice:1001",
    }
    page = {"PAGE_LISTEN": f"{INTERNET['web.test']}:80"}
    return [
        launch(work, "fake-github", [images.our_binary("fake-github")], github),
        launch(work, "web-page", [images.require("node"), PAGE_SERVER], page),
    ]


def launch(work, name, command, settings):
    """Starts one program, with a log of its own."""
    with open(f"{work}/{name}.log", "wb") as log:
        return subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=log, stderr=log, start_new_session=True
        )
