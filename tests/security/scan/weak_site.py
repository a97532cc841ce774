"""`python -m tests.security.scan.weak_site`: a site with holes, so that a scanner which finds none there is known to be blind.

It prints its port, then answers: /?q= repeats what it is given as HTML, and no answer has a policy.
"""

from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit


class Weak(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query).get("q", [""])[0]
        if path != "/":
            self.send_error(404)  # where every address is there, the scanner looks at none
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        form = '<form action="/"><input name="q" value="tea"><button>Search</button></form>'
        self.wfile.write(f"<html><body>{form}<p>{asked}</p></body></html>".encode())

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Weak)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
