"""What the internet is in the test: a stand-in for GitHub and a page to fetch."""

import functools
import http.server
import os
import subprocess
import threading

import images
from network import INTERNET

PAGE = b"""<!doctype html><html lang="en"><head><title>A page of the test</title></head>
<body><article><h1>A page of the test</h1>
<p>It is served beside the gateway, so that a fetch has something to <em>find</em>.</p>
<p>The word to look for is <strong>quokka</strong>, and it is on this page only.</p>
</article></body></html>"""


class Web(http.server.BaseHTTPRequestHandler):
    """One page at every path."""

    def do_GET(self):
        """The page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format, *arguments):  # the name is the base class's
        """Not in the test's output."""


def serve_page():
    """The page at http://web.test/, until the process ends."""
    server = http.server.ThreadingHTTPServer((INTERNET["web.test"], 80), Web)
    threading.Thread(target=functools.partial(server.serve_forever, 0.1), daemon=True).start()


def start_github(work, variables):
    """The stand-in at http://github.test/, where Alice is signed in; answers
    its process."""
    binary = images.our_binary("fake-github")
    environment = {
        **os.environ,
        "FAKE_GITHUB_LISTEN": f"{INTERNET['github.test']}:80",
        "FAKE_GITHUB_CLIENT_ID": variables["GITHUB_CLIENT_ID"],
        "FAKE_GITHUB_CLIENT_SECRET": variables["GITHUB_CLIENT_SECRET"],
        "FAKE_GITHUB_CALLBACK_URL": f"https://auth.{variables['BASE_DOMAIN']}/callback",
        "FAKE_GITHUB_USER": "alice:1001",
    }
    with open(f"{work}/fake-github.log", "wb") as log:
        return subprocess.Popen([binary], env=environment, stdout=log, stderr=log, start_new_session=True)
