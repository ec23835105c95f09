"""An MCP server that only shows what reached it: each header, as JSON."""

import http.server
import json
import sys


class Echo(http.server.BaseHTTPRequestHandler):
    """Every method, every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The request's own headers, and whether a body followed."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"path": self.path, "headers": self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Server", "echo/1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET


http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Echo).serve_forever()
