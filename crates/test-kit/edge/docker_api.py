"""Stands for Docker behind its socket proxy: answers what Traefik asks, from
the compose file, and only where the proxy's own allow-list lets it through.

`EDGE_CONTAINERS` names the file that describes the containers; when it changes,
that is an event, as a restarted container is."""

import hashlib
import http.server
import json
import os
import re
import sys
import time
from urllib.parse import urlsplit


def read_allow_list(arguments):
    """`-allowGET=REGEX` and so on: method to expression."""
    found = (re.fullmatch(r"-allow([A-Z]+)=(.*)", argument) for argument in arguments)
    return {match[1]: re.compile(match[2]) for match in found if match}


def identifier(text):
    """Docker's ids are 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


FILE = os.environ["EDGE_CONTAINERS"]


def containers():
    """Docker's description of all of them."""
    with open(FILE, encoding="utf-8") as file:
        described = json.load(file)
    return [container(described["name"], name, service) for name, service in described["services"].items()]


def container(project, name, service):
    """Docker's description of one container."""
    networks = {
        f"{project}_{network}": {"NetworkID": identifier(network), "IPAddress": address}
        for network, address in service["addresses"].items()
    }
    compose = {"com.docker.compose.project": project, "com.docker.compose.service": name}
    labels = service["labels"] | compose
    return {
        "Id": identifier(name),
        "Name": f"/{project}-{name}-1",
        "Names": [f"/{project}-{name}-1"],
        "Created": 1767225600,
        "State": "running",
        "Status": "Up",
        "Labels": labels,
        "HostConfig": {"NetworkMode": next(iter(networks))},
        "NetworkSettings": {"Networks": networks},
        "Config": {"Labels": labels, "Image": service["image"]},
    }


def inspect(listed):
    """The longer form of /containers/ID/json."""
    state = {"Status": "running", "Running": True, "Health": {"Status": "healthy"}}
    return listed | {"State": state, "Created": "2026-01-01T00:00:00Z"}


class Handler(http.server.BaseHTTPRequestHandler):
    """A few read-only answers."""

    protocol_version = "HTTP/1.1"
    allowed = {}

    def answer(self, status, document):
        """One JSON answer."""
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Api-Version", "1.50")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        """Every method comes here; the allow-list decides."""
        path = urlsplit(self.path).path
        rule = self.allowed.get(self.command)
        if not rule or not rule.fullmatch(path):
            return self.answer(403, {"message": "not allowed by the socket proxy"})
        path = re.sub(r"^/v1\.\d+", "", path)
        if path == "/_ping":
            return self.answer(200, "OK")
        if path == "/version":
            return self.answer(200, {"ApiVersion": "1.50", "MinAPIVersion": "1.24", "Os": "linux"})
        if path == "/containers/json":
            return self.answer(200, containers())
        if path == "/events":
            return self.events()
        for listed in containers():
            if path == f"/containers/{listed['Id']}/json":
                return self.answer(200, inspect(listed))
        return self.answer(404, {"message": "no such container"})

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def events(self):
        """A stream with one event for each change."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        event = json.dumps({"Type": "container", "Action": "start", "Actor": {"ID": "x"}}).encode() + b"\n"
        seen = os.stat(FILE).st_mtime_ns
        while True:
            time.sleep(0.1)
            if os.stat(FILE).st_mtime_ns != seen:
                seen = os.stat(FILE).st_mtime_ns
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))


def main():
    """Serves until it is stopped."""
    Handler.allowed = read_allow_list(sys.argv[1:])
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 2375), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
