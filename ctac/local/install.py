"""Makes the virtual environment of a checkout or updates it: `python3 ctac/local/install.py requirements.txt`.

Runs with the machine's own Python before anything is installed, so it uses only the standard library.
"""

from __future__ import annotations  # an older Python must get as far as the sentence that asks for a newer one

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

MIN_PYTHON_VERSION = (3, 11)
VENV_DIR = Path(".venv")
PYTHON = VENV_DIR / "bin" / "python"
STAMP_FILE = VENV_DIR / "installed.json"


def main(files: list[str]) -> None:
    if sys.version_info < MIN_PYTHON_VERSION:
        version = ".".join(str(number) for number in sys.version_info[:2])
        sys.exit(f"CTAC needs Python 3.11 or newer, and this is {version}. Name another: make run PYTHON=python3.12")
    wanted = {file: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files}
    done = read_stamp()
    if is_venv_usable() and wanted.items() <= done.items():
        return
    if not is_venv_usable():
        if importlib.util.find_spec("ensurepip") is None:
            sys.exit("This Python can't make virtual environments. On Debian and Ubuntu: apt-get install python3-venv")
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(VENV_DIR)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            sys.exit(f"The virtual environment can't be made: {(made.stderr or made.stdout).strip()}")
        done = {}
    install([file for file in files if done.get(file) != wanted[file]])
    STAMP_FILE.write_text(json.dumps({**done, **wanted}, indent=2))


def read_stamp() -> dict[str, str]:
    """What is installed: the names of files, and the hashes of their texts."""
    try:
        found: dict[str, str] = json.loads(STAMP_FILE.read_text())
    except (OSError, ValueError):
        return {}
    return found


def is_venv_usable() -> bool:
    """Whether the environment works. It may not after the machine's Python was replaced, or the checkout moved."""
    check = [str(PYTHON), "-c", f"import pip, sys; sys.exit(sys.version_info < {MIN_PYTHON_VERSION})"]
    try:
        return subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def install(files: list[str]) -> None:
    print(f"Installing {' and '.join(files)} into .venv …", flush=True)
    words = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    for file in files:
        words += ["-r", file]
    if subprocess.run(words, check=False).returncode:
        sys.exit("The requirements could not be installed; the lines above say why. Is the network there?")


if __name__ == "__main__":
    main(sys.argv[1:])
