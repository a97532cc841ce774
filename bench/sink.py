"""`python -m bench.sink FD FILE`: a mail server that says yes to everything and notes when, as cheap as can be.

It listens on the inherited socket; each yes is a line in the file: seconds since 1970, Message-ID.
"""

import asyncio
import re
import socket
import sys
import time
from pathlib import Path
from typing import TextIO

MESSAGE_ID = re.compile(rb"^Message-ID: *(?:\r\n )?(\S+)", re.MULTILINE | re.IGNORECASE)


class Sink(asyncio.Protocol):
    def __init__(self, notes: TextIO) -> None:
        self.notes, self.waiting, self.in_data = notes, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while self.take_one():
            pass

    def take_one(self) -> bool:
        """One command or one message, if it is here whole."""
        end = b"\r\n.\r\n" if self.in_data else b"\r\n"
        found, mark, rest = self.waiting.partition(end)
        if not mark:
            return False
        self.waiting = rest
        if self.in_data:
            self.in_data = False
            self.transport.write(b"250 yes\r\n")
            matched = MESSAGE_ID.search(found)
            self.notes.write(f"{time.time():.6f} {matched[1].decode() if matched else '-'}\n")
        else:
            self.answer(found[:4].upper())
        return True

    def answer(self, command: bytes) -> None:
        self.in_data = command == b"DATA"
        answers = {b"DATA": b"354 go on\r\n", b"EHLO": b"250-sink\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n"}
        self.transport.write(answers.get(command, b"250 ok\r\n"))
        if command == b"QUIT":
            self.transport.close()


async def serve(listening: socket.socket, notes: TextIO) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(notes), sock=listening)
    async with server:
        await server.serve_forever()


def main() -> None:
    listening = socket.socket(fileno=int(sys.argv[1]))
    with Path(sys.argv[2]).open("w", buffering=1) as notes:
        asyncio.run(serve(listening, notes))


if __name__ == "__main__":
    main()
