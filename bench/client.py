"""A browser as cheap as can be, and many of them at once: what is measured is the server, not this."""

import http.client
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
STAY = 7  # requests over one connection, then a new one, as visitors come and go: no worker has all of them by chance
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Browser:
    """Keeps one connection and its cookies; follows no redirect by itself, and counts requests."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookies: dict[str, str] = {}
        self.address = "192.0.2.1"  # where the proxy says that it comes from: limits count by it
        self.body = ""
        self.status = 0
        self.location = ""
        self.requests = 0
        self.over_this_connection = 0

    def leave(self) -> None:
        """The next request opens another connection."""
        self.connection.close()
        self.over_this_connection = 0

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> str:
        """Posts with what the page just read hides in its form; gives where the answer leads."""
        hidden = dict(HIDDEN.findall(self.body))
        self._ask("POST", path, urlencode(hidden | fields))
        if self.status != 302:
            raise AssertionError(f"POST {path} was answered {self.status}: {_problem(self.body)}")
        return self.location

    def save(self, path: str, **fields: str) -> None:
        """Posts as post() does, where the answer is a file."""
        self._ask("POST", path, urlencode(dict(HIDDEN.findall(self.body)) | fields))
        if self.status != 200:
            raise AssertionError(f"POST {path} gave no file: {self.status}")

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-For": self.address}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": "https://localhost/"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        self.body, self.status = answer.read().decode(errors="replace"), answer.status
        self.location = answer.headers.get("Location", "")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        self.requests += 1
        self.over_this_connection += 1
        if self.status not in {200, 302}:
            raise AssertionError(f"{method} {path} was answered {self.status}: {_problem(self.body)}")
        return self.body


def _problem(body: str) -> str:
    text = re.sub(r"<[^>]+>", " ", body)
    return " ".join(text.split())[:600]


class Round:
    """Seconds of each unit of work, and what went wrong."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.wall = 0.0
        self.requests = 0

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def run(browsers: list[Browser], unit: Callable[[Browser], object], times: int) -> Round:
    """Each browser does the unit of work until all together did it `times`."""
    done, problems, lock = Round(), [], threading.Lock()
    left = iter(range(times))

    def work(browser: Browser) -> None:
        try:
            while True:
                with lock:
                    if next(left, None) is None:
                        return
                if browser.over_this_connection >= STAY:
                    browser.leave()
                began = time.perf_counter()
                unit(browser)
                done.seconds.append(time.perf_counter() - began)
        except Exception as problem:  # noqa: BLE001 - a thread's problem is the run's
            problems.append(problem)

    for browser in browsers:
        browser.leave()  # the server may have closed it meanwhile
    before = sum(browser.requests for browser in browsers)
    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.wall = time.perf_counter() - began
    done.requests = sum(browser.requests for browser in browsers) - before
    if problems:
        raise problems[0]
    return done
