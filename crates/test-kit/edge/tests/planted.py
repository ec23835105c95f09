"""What can be wrong with a deployment, planted for a while, and what the doctor then says of it."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import compose
import container
import images
from client import DOMAIN, request

SERVICES = os.environ["MCP_SERVICES"].split(",")
# Of the containers' own user.
OWNER = 65532


class Patient:
    """The doctor's container beside the running stack. What is changed here is seen by the next
    look, and by nobody else."""

    def __init__(self, stack):
        self.stack = stack
        self.environment, self.mounts, self.arguments = {}, {}, []
        self.project = compose.printed(compose.load(
            os.environ["EDGE_COMPOSE_FILES"].split(":"),
            compose.read_env_file(f"{images.HERE}/test.env") | {"EDGE_WORK": stack.work},
        ))
        self.directory = f"{stack.work}/patient"
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(f"{self.directory}/project")
        self.mounts["/project"] = f"{self.directory}/project"
        self.write_env_file(0o600)
        self.mounts["/backups"] = f"{self.directory}/backups"
        os.makedirs(self.mounts["/backups"], mode=0o755)
        self.write_backup(hours=20)

    def write_backup(self, hours):
        """A backup that was written so long ago. The doctor looks at its time alone."""
        path = f"{self.directory}/backups/gateway-20260101T000000Z.age"
        with open(path, "w", encoding="utf-8") as file:
            file.write("age-encryption.org/v1\n")
        written = time.time() - 3600 * hours
        os.utime(path, (written, written))

    def write_env_file(self, mode):
        """The `.env` that the doctor finds."""
        path = f"{self.directory}/project/.env"
        with open(path, "w", encoding="utf-8") as file:
            file.write("REDIS_PASSWORD=not-looked-at\n")
        os.chmod(path, mode)

    def copy_of(self, target):
        """A copy of what is mounted there, for the doctor alone."""
        path = self.directory + target
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.stack.specs["doctor"]["mounts"][target], path)
        for root, _, names in os.walk(path):
            for name in [".", *names]:
                os.chown(os.path.join(root, name), OWNER, OWNER)
        self.mounts[target] = path
        return path

    def look(self, *arguments):
        """Runs the doctor: its findings by check, and its exit code."""
        with open(f"{self.directory}/compose.json", "w", encoding="utf-8") as file:
            json.dump(self.project, file)
        mounts = {**self.mounts, "/compose.json": f"{self.directory}/compose.json"}
        options = ["--json", "--compose", "/compose.json", *self.arguments, *arguments]
        text, code = self.run(mounts, options)
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        assert lines, text
        return {line["check"]: line for line in lines}, code

    def run(self, mounts, options):
        """One run of the container; what it prints, and its exit code."""
        spec = dict(self.stack.specs["doctor"])
        spec["command"] = [*spec["command"], *options]
        spec["environment"] = spec["environment"] | self.environment
        spec["mounts"] = spec["mounts"] | mounts
        spec["log"] = f"{self.directory}/doctor.log"
        with open(spec["log"], "w", encoding="utf-8"):
            pass
        spec["path"] = self.stack.write_spec(spec, "doctor-once")
        code = container.launch(spec).wait(timeout=120)
        with open(spec["log"], encoding="utf-8") as file:
            return file.read(), code


@contextlib.contextmanager
def setting(patient, **values):
    """A setting of the doctor's environment, as `.env` would give it."""
    patient.environment |= values
    yield


@contextlib.contextmanager
def published_redis(patient):
    """Redis's port, open to the world."""
    patient.project["services"]["redis"]["ports"] = [{"target": 6379, "published": "6379"}]
    yield


@contextlib.contextmanager
def endless_log(patient):
    """A log without bound."""
    patient.project["services"]["redis"]["logging"] = {"driver": "json-file"}
    yield


@contextlib.contextmanager
def unguarded_label(patient):
    """A router of a label without a middleware."""
    del patient.project["services"]["echo"]["labels"]["traefik.http.routers.echo.middlewares"]
    yield


@contextlib.contextmanager
def open_env_file(patient):
    """A `.env` that every user reads."""
    patient.write_env_file(0o644)
    yield


@contextlib.contextmanager
def old_backup(patient):
    """Backups that stopped."""
    patient.write_backup(hours=24 * 9)
    yield


@contextlib.contextmanager
def no_backup(patient):
    """No backup at all."""
    shutil.rmtree(patient.mounts["/backups"])
    os.makedirs(patient.mounts["/backups"], mode=0o755)
    yield


@contextlib.contextmanager
def old_key(patient):
    """A signing key that has signed for two hundred days."""
    (path,) = pem_files(patient.copy_of("/keys/signing"))
    began = int(time.time()) - 200 * 86_400
    os.rename(path, os.path.join(os.path.dirname(path), f"{began:012}-rs256.pem"))
    yield


@contextlib.contextmanager
def readable_key(patient):
    """A private key that others can read."""
    (path,) = pem_files(patient.copy_of("/keys/assertion"))
    os.chmod(path, 0o644)
    yield


@contextlib.contextmanager
def no_key(patient):
    """No key of assertions."""
    (path,) = pem_files(patient.copy_of("/keys/assertion"))
    os.remove(path)
    yield


@contextlib.contextmanager
def ending_certificate(patient):
    """A certificate of the verifier that nobody renewed."""
    path = patient.copy_of("/keys/tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "9", "-subj", "/CN=forward-auth", "-addext", "subjectAltName=DNS:forward-auth"]
    command += ["-keyout", f"{path}/tls.key", "-out", f"{path}/tls.crt"]
    subprocess.run(command, check=True, capture_output=True)
    for name, mode in {"tls.key": 0o600, "tls.crt": 0o644}.items():
        os.chmod(f"{path}/{name}", mode)
        os.chown(f"{path}/{name}", OWNER, OWNER)
    yield


def pem_files(directory):
    """The keys of a directory."""
    return [os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".pem")]


@contextlib.contextmanager
def redis_config(patient, name, value):
    """A setting of the running Redis."""
    was = redis(patient, "config", "get", name).splitlines()[1:]
    redis(patient, "config", "set", name, value)
    try:
        yield
    finally:
        redis(patient, "config", "set", name, was[0] if was else "")


@contextlib.contextmanager
def redis_without_password(patient):
    """A Redis that lets in whoever asks."""
    password = os.environ["REDIS_PASSWORD"]
    # With it, a Redis without a password answers its own machine alone.
    with redis_config(patient, "protected-mode", "no"):
        redis(patient, "config", "set", "requirepass", "")
        try:
            yield
        finally:
            redis(patient, "config", "set", "requirepass", password)


def redis(patient, *words):
    """What redis-cli prints, inside the container of Redis."""
    return patient.stack.enter("redis", "redis-cli", *words).stdout.strip()


@contextlib.contextmanager
def traefik(patient, files=None, flags=None, certificates=True):
    """Traefik with other files (`{file: [(text, other text)]}`), other flags (`{flag: other flag}`),
    or without its certificates, while the test runs."""
    spec, stack = patient.stack.specs["traefik"], patient.stack
    changed = dict(spec, mounts=dict(spec["mounts"]), command=list(spec["command"]))
    dynamic = f"{patient.directory}/dynamic"
    shutil.copytree(spec["mounts"]["/etc/traefik/dynamic"], dynamic)
    changed["mounts"]["/etc/traefik/dynamic"] = dynamic
    for name, texts in (files or {}).items():
        for text, other in texts:
            replace(f"{dynamic}/{name}", text, other)
    for flag, other in (flags or {}).items():
        changed["command"][spec["command"].index(flag)] = other
    if not certificates:
        changed["mounts"]["/certificates"] = f"{patient.directory}/no-certificates"
        os.makedirs(changed["mounts"]["/certificates"], mode=0o700)
    try:
        restart(stack, changed, certificates)
        yield
    finally:
        restart(stack, spec)


def replace(path, text, other):
    """Changes a file, which must hold the text."""
    with open(path, encoding="utf-8") as file:
        before = file.read()
    assert text in before, f"{path} has no {text}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(before.replace(text, other))


def restart(stack, spec, certificates=True):
    """Traefik as it is described; back once it routes to every service again, with certificates."""
    stack.stop("traefik")
    stack.write_spec(spec, "traefik")
    stack.specs["traefik"] = spec
    stack.start("traefik")
    for service in SERVICES:
        wait_for(lambda service=service: routed(service))
    for service in ["auth", *SERVICES] if certificates else []:
        wait_for(lambda service=service: trusted(service))


def routed(service):
    """Whether Traefik knows the service already, whatever its certificate."""
    host = f"{service}.{DOMAIN}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, timeout=5, context=context)
    try:
        connection.request("GET", "/mcp")
        return connection.getresponse().status not in (404, 502, 503)
    except OSError:
        return False
    finally:
        connection.close()


def trusted(service):
    """Whether a host shows a certificate of its own: Traefik reads them a little later."""
    try:
        request("GET", f"https://{service}.{DOMAIN}/")
        return True
    except OSError:
        return False


def wait_for(question, seconds=20):
    """Until the answer is yes."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "Traefik does not come back"
        time.sleep(0.1)


@contextlib.contextmanager
def open_redis_port(patient):
    """Somebody answers at port 6379 of the gateway's public address."""
    address = patient.stack.addresses["traefik"]["auth"]
    line = ["nsenter", "--net=/run/netns/traefik", "--", "python3", "-m", "http.server", "6379", "-b", address]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: answers(address, 6379))
        try:
            yield
        finally:
            process.terminate()


def answers(address, port):
    """Whether somebody accepts a connection there."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False
