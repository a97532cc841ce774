"""Handing one message to the mail server over a kept connection, and telling a hopeless refusal from a bad moment."""

import contextlib
import os
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp
from django.utils.encoding import force_str

# Servers close idle connections, and some don't like one that never ends.
MAX_IDLE_SECONDS = 20.0
MAX_MESSAGES_PER_CONNECTION = 200
QUIT_TIMEOUT_SECONDS = 1.0
SERVICE_CLOSING_CODE = 421


class NotHandedOverError(Exception):
    """The mail backend said that it sent nothing, and no reason."""


class StaleConnectionError(Exception):
    """A kept connection had ended before it got any of this message, so a new one may send it."""


class KeptConnection:
    """The connection that a thread keeps from one message to the next, and that ends with it."""

    backend: Any = None
    connection: Any = None  # of smtplib, or of HTTP for a text message
    made_for: tuple[object, ...] = ()
    used_at = 0.0
    messages = 0
    before_data: Callable[[], None] = staticmethod(lambda: None)  # what is asked before the DATA of the message in hand
    in_doubt = False  # whether DATA was said of it

    def cut(self) -> None:
        """Ends, from another thread, whatever waits on this connection."""
        sock = self.connection.sock if self.connection else None
        if sock:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __del__(self) -> None:
        connection = getattr(self.backend, "connection", None)
        if connection is not None:
            connection.close()


class ThreadConnection(threading.local):
    """Each thread has a line of its own."""

    def __init__(self) -> None:
        self.line = KeptConnection()


thread = ThreadConnection()


class BeforeDataMixin:
    """An SMTP client that registers its connection from the start, and checks before DATA: after that, delivery is in doubt."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        thread.line.connection = self
        super().__init__(*args, **kwargs)

    def data(self, msg: Any) -> Any:
        thread.line.before_data()
        thread.line.in_doubt = True
        return super().data(msg)  # type: ignore[misc]


class SMTP(BeforeDataMixin, smtplib.SMTP):
    pass


class SMTPOverTLS(BeforeDataMixin, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Django's own, whose connection asks before DATA."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return SMTPOverTLS if self.use_ssl else SMTP


def send(mail: EmailMultiAlternatives, *, before_data: Callable[[], None] = lambda: None) -> None:
    """Returns once the server has said yes to the message. EMAIL_TIMEOUT bounds each step.

    Raises what `before_data` raises, and then nothing was sent; else what smtplib raises: is_permanent() tells what it means.
    """
    line = thread.line
    line.before_data = before_data
    # A connection of this process, to the server of the settings, that is fresh enough.
    is_fresh = time.monotonic() - line.used_at < MAX_IDLE_SECONDS and line.messages < MAX_MESSAGES_PER_CONNECTION
    if is_fresh and is_connection_open() and line.made_for == server_settings():
        with contextlib.suppress(StaleConnectionError):
            send_on_connection(mail, kept=True)
            return
    close_connection()
    line.backend, line.made_for, line.messages = get_connection(), server_settings(), 0
    try:
        line.backend.open()
        send_on_connection(mail, kept=False)
    except BaseException:
        if not is_connection_open():
            close_connection()
        raise


def send_on_connection(mail: EmailMultiAlternatives, *, kept: bool) -> None:
    backend = thread.line.backend
    thread.line.in_doubt = not isinstance(backend, EmailBackend)  # for other backends we can't know
    try:
        if backend.send_messages([mail]) != 1:
            raise NotHandedOverError
    except smtplib.SMTPServerDisconnected as error:
        close_connection()
        if kept and not thread.line.in_doubt and not isinstance(error.__context__, TimeoutError):
            raise StaleConnectionError from error
        raise
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == SERVICE_CLOSING_CODE or not is_connection_open():
            close_connection()
            if kept and not thread.line.in_doubt and error.smtp_code == SERVICE_CLOSING_CODE:
                raise StaleConnectionError from error
        raise
    except smtplib.SMTPRecipientsRefused:
        if not is_connection_open():
            close_connection()
        raise
    except BaseException:
        close_connection()  # whatever it was, the next message begins anew
        raise
    thread.line.used_at, thread.line.messages = time.monotonic(), thread.line.messages + 1


def is_connection_open() -> bool:
    connection = getattr(thread.line.backend, "connection", None)
    return connection is not None and connection.sock is not None


def server_settings() -> tuple[object, ...]:
    names = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL", "TIMEOUT")
    return (os.getpid(), *(getattr(settings, f"EMAIL_{name}", None) for name in names))


def close_connection() -> None:
    """The server has answered for its last message by now: what goes wrong while saying goodbye must not send that again."""
    backend, thread.line.backend, thread.line.connection = thread.line.backend, None, None
    if backend is None or thread.line.made_for[0] != os.getpid():  # the parent owns this connection
        return
    with contextlib.suppress(smtplib.SMTPException, OSError):
        if isinstance(backend, smtp.EmailBackend) and backend.connection and backend.connection.sock:
            backend.connection.sock.settimeout(QUIT_TIMEOUT_SECONDS)
        backend.close()


def is_permanent(error: Exception) -> bool:
    """Whether the refusal is final: only a 5xx to the address or to the message itself is.

    All smtplib errors are OSErrors, so these two are told apart first. A refused sender, a failed login, a bad banner
    or a dropped line is our trouble or the server's, and passes.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _answer in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600


def is_server_error(error: Exception) -> bool:
    """Whether it is the server's trouble, which each message would meet, and not this message's or its address's."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == SERVICE_CLOSING_CODE for code, _answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code == SERVICE_CLOSING_CODE
    return isinstance(error, OSError) and not isinstance(error, smtplib.SMTPNotSupportedError)


def describe(error: Exception) -> str:
    """The server's own words, for staff; may hold the address, so never for a log."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers: Iterable[tuple[int, bytes | str]] = error.recipients.values()
    elif isinstance(error, smtplib.SMTPResponseException):
        answers = [(error.smtp_code, error.smtp_error)]
    else:
        return f"{type(error).__name__}: {error}"
    return "; ".join(f"{code} {force_str(answer, errors='replace')}" for code, answer in answers)
