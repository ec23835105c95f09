"""Certificates that no ACME server issues: of pebble's own API, and of the web
hosts that the internet of the test has."""

import subprocess


def self_signed(work, name, hosts, authority=None):
    """`work/NAME.pem` and `work/NAME-key.pem`, for these hosts; issued by another
    such pair where `authority` names one. Answers the paths."""
    certificate, key = f"{work}/{name}.pem", f"{work}/{name}-key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}"]
    if hosts:
        command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts)]
    if authority:
        command += ["-CA", f"{work}/{authority}.pem", "-CAkey", f"{work}/{authority}-key.pem"]
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
