"""What the proxy's file says about TLS and about what it gives away (nginx itself is asked in test_nginx.py)."""

import re
import socket
from pathlib import Path

from django.conf import settings

FILE = (Path(settings.BASE_DIR) / "deploy" / "nginx" / "ctac.conf").read_text()


def test_tls_is_new_and_its_ciphers_keep_old_talk_secret():
    assert re.findall(r"ssl_protocols (.*);", FILE) == ["TLSv1.2 TLSv1.3"]
    [ciphers] = re.findall(r"ssl_ciphers (.*);", FILE)
    assert [
        name for name in ciphers.split(":") if not re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", name)
    ] == []
    assert "AES256" in ciphers.split(":")[0]
    assert "ssl_prefer_server_ciphers on;" in FILE


def test_programs_are_not_led_from_http_to_https_and_people_are():
    plain = next(block for block in FILE.split("\nserver {") if "listen 80;" in block)
    assert re.findall(r"location (/\w+/) \{ return 403; \}", plain) == ["/webhooks/", "/calendars/"]
    assert "return 301 https://" in plain


def test_it_lists_no_folder_and_names_no_version():
    assert "autoindex" not in FILE
    assert "server_tokens off;" in FILE


def test_how_the_site_is_doing_is_for_this_machine_only():
    for path in ("/readyz", "/metrics"):
        assert all("deny all" in line for line in re.findall(rf"location = {path} \{{.*", FILE))
        assert len(re.findall(rf"location = {path} ", FILE)) == 2


def test_a_request_with_two_lengths_is_refused(site):
    """Proxy and server must not see its end in two places (request smuggling): the second request is nobody's answer."""
    hidden = "GET /about/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = "POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.sendall(f"{head}0\r\n\r\n{hidden}".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
