"""A browser at a site that runs as production does: what it keeps, what it sends, and what is claimed of where it is."""

import http.client
import re
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode

from tests.deploy.conftest import BEHIND_A_PROXY, Site

Cookies = dict[str, "Morsel[str]"]
CSRF, SESSION, DRAFT = "__Host-csrf", "__Host-session", "__Host-draft"
TOKEN = "a" * 32  # a browser may choose its own: only that the cookie and the form have the same counts
FROM_HERE = [(name, value) for name, value in BEHIND_A_PROXY.items() if name != "X-Forwarded-For"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def cookies(self) -> Cookies:
        """Those that it sets."""
        found: Cookies = {}
        for line in self.headers.get_all("Set-Cookie") or ():
            found |= SimpleCookie(line)
        return found


@dataclass
class Browser:
    """`claims` are the headers of each request that tell where it comes from, as they arrive at the site."""

    site: Site
    jar: dict[str, str] = field(default_factory=dict)
    claims: list[tuple[str, str]] = field(default_factory=lambda: [("X-Forwarded-For", "192.0.2.7")])

    def get(self, path: str) -> Answer:
        return self.ask("GET", path, "", [])

    def post(self, path: str, form: dict[str, str]) -> Answer:
        self.jar.setdefault(CSRF, TOKEN)
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Referer", "https://ctac.example/")]
        return self.ask("POST", path, urlencode({"csrfmiddlewaretoken": self.jar[CSRF], **form}), headers)

    def ask(self, method: str, path: str, body: str, headers: list[tuple[str, str]]) -> Answer:
        sent = [*FROM_HERE, *self.claims, *headers, ("Content-Length", str(len(body.encode())))]
        sent += [("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))] if self.jar else []
        with closing(http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)) as connection:
            connection.putrequest(method, path, skip_host=True)
            for name, value in sent:
                connection.putheader(name, value)
            connection.endheaders(body.encode() or None)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode())
        self.jar |= {name: cookie.value for name, cookie in answer.cookies.items()}
        return answer


def hidden(page: Answer) -> dict[str, str]:
    """The token and digest that a page to check shows."""
    return dict(re.findall(r'name="(token|digest)" value="([^"]+)"', page.text))
