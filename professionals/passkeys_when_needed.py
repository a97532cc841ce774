"""The library for passkeys, loaded when somebody has to do with one: it takes 4 MB of each worker (ADR 22, ADR 67).

allauth imports it with each stage of a sign-in and with each second factor that it checks, whatever that is.
"""

import logging
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from allauth.mfa.webauthn import internal

PASSKEYS = "allauth.mfa.webauthn.internal.auth"  # the only module that imports the library


class Deferred(ModuleType):
    """Stands for the module. What is asked of it is asked of the real one, but for the class that allauth names in passing."""

    class WebAuthn:
        def __new__(cls, instance: Any) -> Any:
            return real().WebAuthn(instance)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(real(), name)


def put_off() -> None:
    """Before anything of allauth's sign-in is imported."""
    if PASSKEYS not in sys.modules:
        sys.modules[PASSKEYS] = Deferred(PASSKEYS, __doc__)


@cache
def real() -> Any:
    """Twice at once does no harm: both are whole. Of each passkey the library would log its key, which is nobody's business."""
    logging.getLogger("fido2").setLevel(logging.WARNING)
    spec = PathFinder.find_spec(PASSKEYS, internal.__path__)
    if spec is None or spec.loader is None:
        raise ImportError(PASSKEYS)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
