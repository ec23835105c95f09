"""Requests byte by byte, as no client would send them: HTTP/1.1, and HTTP/2
frames (RFC 9113) with header fields that nobody has checked."""

import socket
import ssl

# How long an attacker waits for an answer that may never come.
PATIENCE = 3
DATA, HEADERS, RESET, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, END_HEADERS = 1, 4
LARGEST_FRAME = 16384


def connect(name, protocol):
    """A TLS connection whose SNI is `name`."""
    context = ssl.create_default_context()
    context.set_alpn_protocols([protocol])
    plain = socket.create_connection((name, 443), timeout=PATIENCE)
    return context.wrap_socket(plain, server_hostname=name)


def http1(name, message):
    """Sends a message; answers all that comes back until the end, or until
    nothing more comes."""
    received = b""
    with connect(name, "http/1.1") as connection:
        try:
            connection.sendall(message.encode("latin-1"))
            while part := connection.recv(65536):
                received += part
        except OSError:
            pass
    return received.decode("latin-1")


def http2(name, fields, body=b""):
    """Sends one request of these header fields; answers the answer's body, or
    None where the stream or the connection was ended instead."""
    message = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"")
    block = b"".join(b"\0" + text(name) + text(value) for name, value in fields)
    parts = [block[at : at + LARGEST_FRAME] for at in range(0, len(block), LARGEST_FRAME)]
    for number, part in enumerate(parts):
        flags = END_HEADERS if number == len(parts) - 1 else 0
        if number == 0 and not body:
            flags |= END_STREAM
        message += frame(CONTINUATION if number else HEADERS, flags, 1, part)
    if body:
        message += frame(DATA, END_STREAM, 1, body)
    with connect(name, "h2") as connection:
        try:
            connection.sendall(message)
            return answer(connection.makefile("rb"))
        except OSError:
            return None


def answer(stream):
    """The body of the answer on stream 1."""
    received = b""
    while len(head := stream.read(9)) == 9:
        kind, flags, number = head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF
        payload = stream.read(int.from_bytes(head[:3]))
        if kind in (RESET, GOAWAY):
            return None
        if number == 1:
            received += payload if kind == DATA else b""
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return received.decode("latin-1")
    return None


def frame(kind, flags, stream, payload):
    """RFC 9113 section 4.1."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def text(value):
    """A string literal without Huffman coding (RFC 7541 section 5.2)."""
    data = value.encode("latin-1")
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, length = len(data) - 127, b"\x7f"
    while rest >= 128:
        length, rest = length + bytes([rest % 128 + 128]), rest // 128
    return length + bytes([rest]) + data
