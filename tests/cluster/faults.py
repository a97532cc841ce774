"""What breaks in the cluster, and what an operator does about it, while people book, order and sign in."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.judge import Row, gone, is_good, what_is_stored, what_people_saw
from tests.cluster.machines import Failed, wait_for
from tests.cluster.nodes import Site, Web
from tests.cluster.people import Crowd, CrowdLoad

NOTICED = 3.0  # seconds until somebody who watches would act; a real night has minutes
CALM = 3.0  # seconds without an error
PATIENCE = 60.0
Fault = Callable[[Cluster, CrowdLoad], str | None]


def nothing(cluster: Cluster, load: CrowdLoad) -> None:
    load.wait_for(6)


def web_node_killed(cluster: Cluster, load: CrowdLoad) -> None:
    node = cluster.webs[1]
    node.kill("web")
    load.wait_for(6)
    node.serve()
    wait_for(node.is_ready, PATIENCE, f"{node.name} is back", 0.2)


def rolling_upgrade(cluster: Cluster, load: CrowdLoad) -> str:
    return upgrade(cluster, load, [*cluster.webs, *cluster.workers, *cluster.beats])


def one_node_upgraded(cluster: Cluster, load: CrowdLoad) -> str:
    return upgrade(cluster, load, [cluster.webs[0]])


def upgrade(cluster: Cluster, load: CrowdLoad, sites: list[Site]) -> str:
    """The migration first, under the old code; then one node after another, old and new beside each other."""
    cluster.make_new_code()
    cluster.migrate(cluster.new)
    for site in sites:
        cluster.upgrade(site)
        if isinstance(site, Web):
            load.wait_for(3)
    return f"{len(sites)} nodes"


def database_failed_over(cluster: Cluster, load: CrowdLoad) -> str:
    with pytest.raises(Failed, match="still answers"):
        cluster.fail_over()
    begun = time.monotonic()
    cluster.primary.kill("postgres")
    time.sleep(NOTICED)
    cluster.fail_over()
    seconds = time.monotonic() - begun
    load.wait_for(4, PATIENCE)
    cluster.give_a_standby()
    return f"{seconds:.1f} s from the death to the end of failover.sh, {NOTICED:.0f} of them to notice"


def standby_lost(cluster: Cluster, load: CrowdLoad) -> str:
    """Each commit waits for it, until an operator says that none shall."""
    cluster.standby.kill("postgres")
    time.sleep(NOTICED)
    cluster.primary.wait_for_standbys("")
    load.wait_for(4, PATIENCE)
    cluster.give_a_standby()
    return f"{NOTICED:.0f} s to notice"


def web_node_cut_off(cluster: Cluster, load: CrowdLoad) -> None:
    node = cluster.webs[2]
    node.cut()
    time.sleep(15)
    node.join()
    wait_for(node.is_ready, PATIENCE, f"{node.name} is back", 0.2)


def worker_cut_off(cluster: Cluster, load: CrowdLoad) -> None:
    node = cluster.workers[0]
    node.cut()
    time.sleep(15)
    node.join()
    time.sleep(20)  # its lines try again after pauses that have grown as long as they were away


def redis_emptied(cluster: Cluster, load: CrowdLoad) -> None:
    for _ in range(3):
        assert cluster.redis.ask("FLUSHALL") == "OK"
        load.wait_for(2)


def redis_killed(cluster: Cluster, load: CrowdLoad) -> None:
    cluster.redis.kill("redis")
    time.sleep(8)
    cluster.redis.serve()


def web_disk_full(cluster: Cluster, load: CrowdLoad) -> None:
    filler = cluster.webs[0].folder / "filler"
    fill(filler)
    try:
        load.wait_for(8)
    finally:
        filler.unlink()


def database_disk_full(cluster: Cluster, load: CrowdLoad) -> str:
    """Its log of writes finds no room: the primary stops itself. Somebody makes room and starts it again."""
    primary = cluster.primary
    if not primary.has_wal_disk:
        return "not tried: this machine has no loop devices"
    filler = primary.wal_disk / "filler"
    fill(filler)
    for _ in range(60):
        if primary.processes["postgres"].poll() is not None or not switch(cluster):
            break
    time.sleep(NOTICED)
    filler.unlink()
    if primary.processes["postgres"].poll() is not None:
        primary.serve()
    wait_for(primary.answers, PATIENCE, "the primary is back", 0.2)
    return "room made by hand"


def switch(cluster: Cluster) -> bool:
    try:
        cluster.primary.query("SELECT pg_logical_emit_message(true, 'trial', repeat('x', 1000))")
        return bool(cluster.primary.query("SELECT pg_switch_wal()"))
    except Exception:  # noqa: BLE001 - it is going down, in one way or another
        return False


def fill(file: Path) -> None:
    try:
        with file.open("wb", buffering=0) as filler:
            while filler.write(b"\0" * 2**16):
                pass
    except OSError:
        pass


def beat_killed(cluster: Cluster, load: CrowdLoad) -> str:
    """And Redis emptied, so that only what a beat asks for finds the mail of then."""
    cluster.beats[0].kill("beat")
    before = cluster.sweeps()
    cluster.redis.ask("FLUSHALL")
    seconds = wait_for(lambda: cluster.sweeps() >= before + 2, PATIENCE, "the other beat asks for sweeps", 0.5)
    cluster.beats[0].serve()
    return f"two sweeps by the other within {seconds:.0f} s"


def both_beats_killed(cluster: Cluster, load: CrowdLoad) -> str:
    """The negative control of the one before."""
    for beat in cluster.beats:
        beat.kill("beat")
    time.sleep(2)
    before = cluster.sweeps()
    time.sleep(45)
    assert cluster.sweeps() == before, "there were sweeps without a beat"
    for beat in cluster.beats:
        beat.serve()
    seconds = wait_for(lambda: cluster.sweeps() > before, PATIENCE, "a beat asks for sweeps again", 0.5)
    return f"no sweep in 45 s, then one after {seconds:.0f} s"


def failed_over_with_a_loss(cluster: Cluster, load: CrowdLoad) -> None:
    """The negative control of it all: commits wait for nobody, the standby is cut off, and then it becomes the primary."""
    cluster.primary.wait_for_standbys("")
    cluster.standby.cut()
    load.wait_for(6)
    cluster.primary.kill("postgres")
    cluster.standby.join()
    time.sleep(NOTICED)
    cluster.fail_over()
    load.wait_for(3, PATIENCE)
    cluster.give_a_standby()


CONTROL = "control: a standby that lags"
FAULTS: dict[str, Fault] = {
    "nothing": nothing,
    "a web node killed (kill -9)": web_node_killed,
    "rolling upgrade with a migration": rolling_upgrade,
    "database killed, failed over": database_failed_over,
    "standby killed": standby_lost,
    "a web node's network cut for 15 s": web_node_cut_off,
    "a worker's network cut for 15 s": worker_cut_off,
    "Redis emptied, three times": redis_emptied,
    "Redis killed, back after 8 s": redis_killed,
    "a web node's disk full": web_disk_full,
    "the primary's WAL disk full": database_disk_full,
    "one of two beats killed, Redis emptied": beat_killed,
    "both beats killed for 45 s": both_beats_killed,
}
SHORT: dict[str, Fault] = {
    "a web node killed (kill -9)": web_node_killed,
    "one node upgraded, with a migration": one_node_upgraded,
    "database killed, failed over": database_failed_over,
}


class Trials:
    """One fault after another; what was acknowledged in all of them must be there after each."""

    def __init__(self, cluster: Cluster, crowd: Crowd) -> None:
        self.cluster, self.crowd = cluster, crowd
        self.acknowledged: list[str] = []

    def trial(self, name: str, fault: Fault) -> Row:
        cluster, row = self.cluster, Row(name)
        since, started = cluster.last_message(), time.monotonic()
        with self.crowd.busy() as load:
            load.wait_for(3, PATIENCE)
            begun = time.monotonic()
            try:
                row.note = fault(cluster, load) or ""
                wait_for(lambda: is_calm(load), PATIENCE, "calm again", 0.2)
            except (AssertionError, TimeoutError, Failed) as error:
                row.wrong.append(str(error)[:1000])
            ended = time.monotonic()
        what_people_saw(row, load, begun, ended)
        try:
            cluster.settle(since)
        except AssertionError as error:
            row.wrong.append(str(error)[:1000])
        what_is_stored(row, cluster.query, cluster.mail, load, since)
        row.wrong += gone(cluster.query, self.acknowledged)
        self.acknowledged += load.acknowledged
        row.wrong += self.stock()
        row.took = time.monotonic() - started
        return row

    def stock(self) -> list[str]:
        try:
            self.cluster.operator.manage("reconcile_stock")
        except Failed as error:
            return [f"stock: {error}"]
        return []


def is_calm(load: CrowdLoad) -> bool:
    """Nobody has met an error for a while, and somebody an answer."""
    lately = [request for request in load.requests[-2000:] if request.at > time.monotonic() - CALM]
    return any(is_good(request) for request in lately) and all(is_good(request) for request in lately)
