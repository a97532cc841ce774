"""A real SMTP server that fails in every way that a test asks for, and remembers what it said yes to."""

import asyncio
import enum
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
ADDRESS = re.compile(rb"<([^>]*)>")


class Mood(enum.Enum):
    WELL = "says yes"
    BUSY = "451 to each recipient"
    BUSY_AFTER_DATA = "451 to each message"
    DROPS_IN_DATA = "drops the line in the middle of a message"
    YES_THEN_DROPS = "says yes and drops the line"
    SILENT = "takes the line and says nothing"
    SILENT_AFTER_DATA = "takes the message and says nothing"


@dataclass(frozen=True)
class Taken:
    """What the server said yes to, and when."""

    recipient: str
    message_id: str
    at: float
    content: bytes = b""


class MailServer:
    """`mood` and `pause` (seconds before each yes) are for tests to set; to who is in `unknown` it says 550."""

    def __init__(self, host: str = HOST) -> None:
        self.host = host
        self.mood, self.pause = Mood.WELL, 0.0
        self.unknown: set[str] = set()
        self.taken: list[Taken] = []
        self.in_data = threading.Event()
        self.tried = 0  # connections
        self.port = 0
        self._lines: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._listening: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()

    # For tests

    def listen(self) -> None:
        self._run(self._listen())

    def refuse(self) -> None:
        """Nobody listens any more, and every line is cut."""
        self._run(self._refuse())

    @contextmanager
    def being(self, mood: Mood) -> Iterator[None]:
        self.mood = mood
        try:
            yield
        finally:
            self.mood = Mood.WELL
            self._run(self._cut())

    def stop(self) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def times(self) -> Counter[str]:
        """Of each Message-ID how often it was taken."""
        return Counter(each.message_id for each in list(self.taken))

    def counts(self, name: str) -> list[int]:
        """How often each message to the addresses that begin like this was taken."""
        return sorted(Counter(each.recipient for each in list(self.taken) if each.recipient.startswith(name)).values())

    def message_ids(self, name: str) -> int:
        return len({each.message_id for each in list(self.taken) if each.recipient.startswith(name)})

    # In its own thread

    def _run(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._talk, self.host, self.port, limit=2**22)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._listening:
            self._listening.close()
            self._listening = None
        await self._cut()

    async def _cut(self) -> None:
        for line in list(self._lines):
            line.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tried += 1
        self._lines.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            await self._silence(Mood.SILENT)
            await say(writer, "220 faults")
            await self._listen_to(reader, writer)
        self._lines.discard(writer)
        writer.close()

    async def _listen_to(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readline():
            await self._silence(Mood.SILENT)
            verb = line[:4].upper()
            if verb == b"QUIT":
                return await say(writer, "221 bye")
            if verb == b"DATA":
                await say(writer, "354 go on")
                await self._take(recipient, reader, writer)
            elif verb == b"RCPT":
                recipient = ADDRESS.search(line)[1].decode()
                await say(writer, self._answer_to(recipient))
            else:
                await say(writer, "250 8BITMIME" if verb == b"EHLO" else "250 OK")
        return None

    def _answer_to(self, recipient: str) -> str:
        if recipient in self.unknown:
            return "550 5.1.1 no such user"
        return "451 4.3.2 try later" if self.mood is Mood.BUSY else "250 OK"

    async def _take(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.in_data.set()
        if self.mood is Mood.DROPS_IN_DATA:
            await reader.readline()
            return writer.transport.abort()
        content = await reader.readuntil(b"\r\n.\r\n")
        await self._silence(Mood.SILENT_AFTER_DATA)
        await asyncio.sleep(self.pause)
        if self.mood is Mood.BUSY_AFTER_DATA:
            return await say(writer, "451 4.3.0 try later")
        if writer.transport.is_closing():  # nobody is there to hear a yes
            return None
        self.taken.append(Taken(recipient, MESSAGE_ID.search(content)[1].decode(), time.time(), content))
        await say(writer, "250 OK")
        if self.mood is Mood.YES_THEN_DROPS:
            writer.close()
        return None

    async def _silence(self, mood: Mood) -> None:
        while self.mood is mood:
            await asyncio.sleep(0.05)


async def say(writer: asyncio.StreamWriter, words: str) -> None:
    writer.write(words.encode() + b"\r\n")
    await writer.drain()
