"""Somebody else's service on this machine: a real HTTP server that keeps what it was asked and answers what a test wants."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    after: float = 0  # seconds


@dataclass
class Double:
    """`answers`: the next one, and then the one after it; the last one stays."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    judge: Callable[[Asked], Answer | None] = lambda asked: None  # what it refuses whatever the test wants

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.judge(asked) or (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@contextmanager
def http_double() -> Iterator[Double]:
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = double.answer(Asked(self.command, self.path, headers, body))
            time.sleep(answer.after)
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *words: object) -> None:
            """Tests read what was asked, not a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
