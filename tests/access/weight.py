"""What a first visit to a page costs: requests, kilobytes as they travel, and how much the page jumps while it loads."""

from dataclasses import dataclass
from typing import Any

SHIFTS = """() => new Promise(done => {
    let sum = 0;
    const moved = [];
    new PerformanceObserver(list => list.getEntries().forEach(entry => {
        sum += entry.value;
        moved.push(...entry.sources.map(source => (source.node?.outerHTML || '').slice(0, 80)));
    })).observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done([sum, moved.join(', ')]), 300);
})"""


@dataclass(frozen=True)
class Weight:
    path: str
    requests: int
    bytes: int
    layout_shift: float
    fonts: int
    moved: str

    def __str__(self) -> str:
        weighs = f"{self.path:<32} {self.requests:>2} requests {self.bytes / 1000:>6.1f} kB"
        return f"{weighs}, layout shift {self.layout_shift:.3f} {self.moved}".rstrip()


def weigh(page: Any, path: str) -> Weight:
    """`page` belongs to a browser that was never here."""
    finished: list[float] = []
    kinds: list[str] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: finished.append(event["encodedDataLength"]))
    session.on("Network.responseReceived", lambda event: kinds.append(event["type"]))
    page.goto(path, wait_until="networkidle")
    shift, moved = page.evaluate(SHIFTS)
    return Weight(path, len(finished), int(sum(finished)), shift, kinds.count("Font"), moved)
