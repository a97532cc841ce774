"""What gunicorn runs."""

import os
import sys
from collections.abc import Callable, Iterable
from email.message import Message
from http import HTTPStatus
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def has_invalid_charset(content_type: str) -> bool:
    """Whether the charset of a Content-Type is no encoding of text ("charset=hex"), or unknown."""
    message = Message()
    message["Content-Type"] = content_type
    charset = str(message.get_param("charset", "utf-8"))
    try:
        b"a".decode(charset)
    except LookupError:
        return True
    except ValueError:  # text all the same, if not this one
        pass
    return False


def refuse_invalid_charset(application: WSGIApplication) -> WSGIApplication:
    """Answer 415 to such a charset, with which Django would try to decode the address and fail with a 500."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if has_invalid_charset(environ.get("CONTENT_TYPE", "")):
            status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            start_response(f"{status} {status.phrase}", [("Content-Length", "0")])
            return []
        return application(environ, start_response)

    return guarded


try:
    application = refuse_invalid_charset(get_wsgi_application())
except SystemExit:  # the settings have said why
    sys.exit(3)  # gunicorn then ends; after any other number it would start another worker, for ever
