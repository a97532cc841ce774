"""`python -m tests.cluster`: the cluster, its faults and its load. Exits 1 where anything is lost or there twice.

It begins again with a network, mounts and process ids of its own, which end with it.
"""

import argparse
import os
import sys
from pathlib import Path

INSIDE = "CTAC_CLUSTER_INSIDE"
ALONE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
FOLDER = Path(__file__).resolve().parents[2] / "var" / "cluster"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--short", action="store_true", help="three faults and no load")
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--load", type=float, default=1, help="minutes of load, on the cluster and on one bare node; 0 for none")
    parser.add_argument("--people", type=int, default=200, help="people at once in that load")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its files go; emptied first")
    given = parser.parse_args()
    if INSIDE not in os.environ:
        os.environ |= {INSIDE: "1", "CTAC_ENV": "test", "CTAC_VAR": str(given.folder / "own"), "ENV_FILE": os.devnull}
        os.environ["DJANGO_SETTINGS_MODULE"] = "ctac.settings"
        os.execvp(ALONE[0], [*ALONE, sys.executable, "-m", "tests.cluster", *sys.argv[1:]])  # noqa: S606 - it takes our place
    # Not before the environment says which settings hold.
    from tests.cluster.run import run

    return run(given)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # somebody may still wait for an answer
