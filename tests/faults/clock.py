"""The clock of web, worker and beat, as libfaketime has it. PostgreSQL keeps its own, as on another machine."""

import time
from pathlib import Path

LIBRARY = "faketime/libfaketime.so.1"
MISSING = "libfaketime is not installed: apt-get install faketime, or `make faults` as root"


def library() -> str:
    """Its path; empty where there is none."""
    return next((str(path) for path in Path("/usr/lib").glob(f"*/{LIBRARY}")), "")


class Clock:
    """Without a library it is the true one, and doesn't jump."""

    def __init__(self, file: Path, preloaded: str) -> None:
        self.file, self.preloaded, self.offset = file, preloaded, 0
        self.jump(0)

    def variables(self) -> dict[str, str]:
        if not self.preloaded:
            return {}
        read = {"FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1"}
        # What only goes forward goes on as it does: waiting is not what a clock on the wall is for.
        return {"LD_PRELOAD": self.preloaded, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1", **read}

    def now(self) -> float:
        return time.time() + self.offset

    def jump(self, seconds: int) -> None:
        self.offset += seconds
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.offset:+d}\n")
        fresh.replace(self.file)
