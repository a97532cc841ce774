"""Handing one message to the mail server, and telling a hopeless refusal from a bad moment."""

import contextlib
import smtplib

from django.core.mail import EmailMultiAlternatives, get_connection


class NotHandedOverError(Exception):
    """The mail backend said that it sent nothing, and no reason."""


def send(mail: EmailMultiAlternatives) -> None:
    """Returns once the server has said yes to the message. EMAIL_TIMEOUT bounds each step.

    Raises what smtplib raises; is_permanent() tells what it means.
    """
    connection = get_connection()
    try:
        connection.open()
        if connection.send_messages([mail]) != 1:
            raise NotHandedOverError
    finally:
        # The server has answered for the message by now: what goes wrong while saying goodbye must not send it again.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.close()


def is_permanent(error: Exception) -> bool:
    """Only a 5xx to the address or to the message itself is final.

    All smtplib errors are OSErrors, so these two are told apart first. A refused sender, a failed login, a bad banner
    or a dropped line is our trouble or the server's, and passes.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _answer in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600


def describe(error: Exception) -> str:
    """The server's own words, for staff; may hold the address, so never for a log."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_words(answer)}" for code, answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_words(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
