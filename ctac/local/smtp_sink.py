"""A mail server that delivers to a folder: every message becomes one .eml file, whole or not at all.

`python -m ctac.local.smtp_sink FOLDER --fd NUMBER` listens on the socket that it inherits, so that mail sent while it restarts
waits instead of failing.
"""

import argparse
import asyncio
import socket
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 25 * 1024 * 1024  # bytes; large mail providers accept as much


class FolderHandler:
    """Writes each message to the folder, named by the time it came. Delivered-To says who got it, as real servers do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        recipients = "".join(f"Delivered-To: {recipient}\r\n" for recipient in envelope.rcpt_tos)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.eml"
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(recipients.encode() + content)
        unfinished.replace(self.folder / name)
        return "250 OK"


async def serve(folder: Path, listening: socket.socket) -> None:
    handler = FolderHandler(folder)
    protocol = partial(SMTP, handler, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=MAX_MESSAGE_BYTES)
    server = await asyncio.get_running_loop().create_server(protocol, sock=listening)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ctac.local.smtp_sink", description="Deliver mail to a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fd", type=int, required=True, help="a listening socket that was inherited")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.folder, socket.socket(fileno=arguments.fd)))


if __name__ == "__main__":
    main()
