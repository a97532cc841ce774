"""The broker that needs no server."""

from pathlib import Path

URL = "filesystem://"


def transport_options(url: str, var_dir: Path) -> dict[str, object]:
    return {}
