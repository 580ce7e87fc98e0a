"""What a promoted member archives again (images/postgres/bin/postgres-role), and what starts nothing after it."""

import subprocess
from pathlib import Path

import pytest

from basalt.plan import survey
from basalt.topology.load import load_stack

ROOT = Path(__file__).parent.parent.parent.parent
IMAGE = ROOT / "images" / "postgres"
_WAL = "/var/lib/postgresql/pgdata/pg_wal"


def segment(timeline: int, number: int) -> str:
    return f"{timeline:08X}{0:08X}{number:08X}"


@pytest.mark.parametrize("role", ["primary", "replica"])
def test_all_is_archived_again_but_the_segment_in_which_a_timeline_was_left(tmp_path: Path, role: str) -> None:
    """Behind that point each member has something else in it: the archive would refuse it, and get nothing after it."""
    status = tmp_path / "archive_status"
    status.mkdir()
    kept = [segment(1, 1), segment(1, 2), segment(2, 3), "00000002.history"]
    left = [segment(1, 3), f"{segment(1, 3)}.partial"]
    for name in [*kept, *left, segment(2, 4)]:
        (tmp_path / name).touch()
    for name in [*kept, *left, segment(1, 0)]:  # the last one has been recycled
        (status / f"{name}.done").touch()
    script = (IMAGE / "bin" / "postgres-role").read_text()
    assert _WAL in script
    subprocess.run(["sh", "-c", script.replace(_WAL, str(tmp_path)), "sh", "on_role_change", role, "dev"], check=True)
    again = {path.stem for path in status.glob("*.ready")}
    assert again == (set(kept) if role == "primary" else set())
    assert {path.name for path in status.glob("*.done")} >= {f"{name}.done" for name in left}


def test_the_line_that_leaves_a_restart_out_is_the_provisioner_s_own() -> None:
    (provision,) = survey(load_stack(ROOT, "dev")).of("postgres-provision")
    settle = provision.workload.settle
    assert settle is not None
    assert f'"{settle.unless}"' in (IMAGE / "provision" / "__main__.py").read_text()
