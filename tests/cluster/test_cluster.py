"""The short version of `make cluster`: built, a node killed, one upgraded beside the old ones, the database failed over."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.packages import CLUSTER, missing

WHY_NOT = next(filter(None, map(missing, CLUSTER)), "") or ("" if os.geteuid() == 0 else "only root makes network namespaces")
SECONDS = 900  # on a machine that does other things too


@pytest.mark.long
@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
def test_nothing_is_lost_and_nothing_is_there_twice(tmp_path: Path):
    command = [sys.executable, "-m", "tests.cluster", "--short", "--folder", str(tmp_path / "cluster")]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CTAC_", "DATABASE_URL"))}
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True, check=False, timeout=SECONDS
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("nothing lost, nothing twice") >= 3, done.stdout
    assert not Path("/run/netns/web1").exists()
