"""A client's RSA key, by openssl: its JWK Set, and assertions that it signs
(RFC 7523 section 2.2)."""

import base64
import json
import secrets
import subprocess
import time

from client import ISSUER

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(data):
    """Without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, stdin=b""):
    """What openssl prints."""
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


class Signer:
    """One key pair."""

    def __init__(self, directory):
        self.kid = secrets.token_hex(4)
        self.path = str(directory / f"{self.kid}.pem")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.path)

    def jwks(self):
        """The JWK Set with its public half (RFC 7517)."""
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().partition("=")[2]
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "e": "AQAB"}
        return {"keys": [key | {"n": base64url(bytes.fromhex(modulus))}]}

    def proof(self, client_id):
        """The fields that prove a client, once."""
        header = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        claims = {"iss": client_id, "sub": client_id, "aud": f"{ISSUER}/token"}
        claims |= {"jti": secrets.token_hex(16), "iat": int(time.time()), "exp": int(time.time()) + 60}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.path, stdin=signed.encode())
        return {"client_assertion_type": TYPE, "client_assertion": f"{signed}.{base64url(signature)}"}
