"""An MCP server that only shows what reached it: each header, as JSON. Below
/mcp/stream it sends an event, waits for a POST to /mcp/go-on, and sends another."""

import http.server
import json
import sys
import threading

GO_ON = threading.Event()


class Echo(http.server.BaseHTTPRequestHandler):
    """Every method, every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The request's own headers, or the stream."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/mcp/stream":
            return self.stream()
        if self.path == "/mcp/go-on":
            GO_ON.set()
        return self.answer({"path": self.path, "headers": self.headers.items()})

    do_POST = do_DELETE = do_GET

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
