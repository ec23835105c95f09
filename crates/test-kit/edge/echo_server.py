"""An MCP server that only shows what reached it: each header, as JSON. Below
/mcp/stream it sends an event, waits for a POST to /mcp/go-on, and sends another.
/seen, where no router of the edge leads, shows all that ever reached it."""

import http.server
import json
import sys
import threading

GO_ON = threading.Event()
SEEN = []


class Echo(http.server.BaseHTTPRequestHandler):
    """Every method, every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The request's own headers, or the stream."""
        self.read_body()
        if self.path == "/seen":
            return self.answer(SEEN)
        SEEN.append({"method": self.command, "path": self.path, "headers": self.headers.items()})
        if self.path == "/mcp/stream":
            return self.stream()
        if self.path == "/mcp/go-on":
            GO_ON.set()
        return self.answer({"path": self.path, "headers": self.headers.items()})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = do_get = do_GET

    def read_body(self):
        """All of it, so that no body is taken for the next request."""
        if (self.headers.get("Transfer-Encoding") or "").lower() != "chunked":
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            self.rfile.read(size + 2)
        while self.rfile.readline().strip():
            pass

    def answer(self, document):
        """One JSON answer."""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Server", "echo/1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self):
        """Two events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: one\n\n")
        GO_ON.wait()
        GO_ON.clear()
        self.wfile.write(b"data: two\n\n")
        self.close_connection = True


http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Echo).serve_forever()
