"""A certificate authority that issues for real, by HTTP-01: Debian's pebble."""

import json
import os
import ssl
import subprocess
import time
import urllib.request

import certificates
from network import INTERNET

DIRECTORY = "https://pebble.test:14000/dir"
MANAGEMENT = "https://pebble.test:15000"


def start(work, traefik_address):
    """Starts pebble and the name server that it validates with; answers the
    processes. `work/pebble.pem` is the certificate of pebble's own API."""
    certificate, key = certificates.self_signed(work, "pebble", ["pebble.test"])
    settings = {
        "listenAddress": f"{INTERNET['pebble.test']}:14000",
        "managementListenAddress": f"{INTERNET['pebble.test']}:15000",
        "certificate": certificate,
        "privateKey": key,
        "httpPort": 80,
        "tlsPort": 443,
        "externalAccountBindingRequired": False,
        "certificateValidityPeriod": 7776000,
    }
    with open(f"{work}/pebble.json", "w", encoding="utf-8") as file:
        json.dump({"pebble": settings}, file)
    names = [
        "pebble-challtestsrv",
        "-defaultIPv4",
        traefik_address,
        "-defaultIPv6",
        "",
        "-dns01",
        "127.0.0.1:8053",
        "-http01",
        "",
        "-https01",
        "",
        "-tlsalpn01",
        "",
        "-management",
        "127.0.0.1:8055",
    ]
    authority = ["pebble", "-config", f"{work}/pebble.json", "-dnsserver", "127.0.0.1:8053"]
    # Each order is validated anew: what a name leads to now is what counts.
    environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"}
    processes = []
    for program in (names, authority):
        with open(f"{work}/{program[0]}.log", "wb") as log:
            processes.append(
                subprocess.Popen(program, env=environment, stdout=log, stderr=log, start_new_session=True)
            )
    return processes


def save_root(work, seconds=20):
    """Writes pebble's root certificate, which it makes anew at each start, for
    the clients to trust; answers the file's path."""
    context = ssl.create_default_context(cafile=f"{work}/pebble.pem")
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{MANAGEMENT}/roots/0", context=context, timeout=2) as answer:
                root = answer.read().decode()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    with open(f"{work}/root.pem", "w", encoding="utf-8") as file:
        file.write(root)
    return f"{work}/root.pem"
