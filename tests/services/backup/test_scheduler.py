"""The scheduler inside the backup image."""

import asyncio
import importlib.util
from datetime import UTC, datetime, timedelta
from importlib.machinery import SourceFileLoader
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

# Debian's package in the image; here it comes with the development requirements.
pytest.importorskip("prometheus_client")

_PATH = Path(__file__).parent.parent.parent.parent / "images" / "backup" / "bin" / "scheduler"
_LOADER = SourceFileLoader("scheduler", str(_PATH))
_SPEC = importlib.util.spec_from_loader("scheduler", _LOADER)
assert _SPEC is not None
scheduler = importlib.util.module_from_spec(_SPEC)
_LOADER.exec_module(scheduler)

MOMENT = datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC)


def test_times_are_crontabs() -> None:
    assert scheduler.following("0 1 * * *", MOMENT) == datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    assert scheduler.following("0 1 * * 0", MOMENT) == datetime(2026, 3, 1, 1, 0, tzinfo=UTC)  # a Sunday


def test_what_runs_at_the_start_has_no_further_time() -> None:
    assert scheduler.following("@reboot", MOMENT) is None


def test_pauses_between_tries_grow_up_to_five_minutes() -> None:
    assert [pause.total_seconds() for pause in islice(scheduler.pauses(), 9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_failed_job_is_tried_again_until_it_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_FIRST", timedelta(milliseconds=1))
    tries = tmp_path / "tries"
    command = ("sh", "-c", f'echo >>{tries}; [ "$(wc -l <{tries})" -ge 3 ]')
    asyncio.run(scheduler.run_until_well(scheduler.Job("third", "@reboot", command), None))
    assert len(tries.read_text()) == 3


def test_a_failed_job_leaves_the_next_time_to_itself(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    job = scheduler.Job("never", "* * * * *", ("sh", "-c", f"echo >>{tries}; false"))
    asyncio.run(scheduler.run_until_well(job, datetime.now(UTC) + timedelta(seconds=2)))
    assert len(tries.read_text()) == 1


def test_a_job_that_one_try_is_enough_for_is_not_tried_again(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    job = scheduler.Job("drill", "@reboot", ("sh", "-c", f"echo >>{tries}; false"), again=False)
    asyncio.run(scheduler.run_until_well(job, None))
    assert len(tries.read_text()) == 1


def test_what_jobs_left_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "TEXTS", tmp_path)
    assert list(scheduler.Texts().collect()) == []
    (tmp_path / "drill.prom").write_text('# TYPE proofs gauge\nproofs{which="newest"} 7\n')
    (family,) = scheduler.Texts().collect()
    assert [(sample.labels, sample.value) for sample in family.samples] == [({"which": "newest"}, 7)]


def test_a_missing_command_is_a_failure_and_no_crash() -> None:
    assert asyncio.run(scheduler.run(scheduler.Job("gone", "@reboot", ("/nonexistent",)))) is False


@pytest.mark.parametrize("told", [True, False])
def test_stopping_ends_the_running_job_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool) -> None:
    """Also one whose start asyncio has not told of yet."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"trap 'echo >{ended}; exit' TERM; echo >{begun}; sleep 60 & wait"
    job = scheduler.Job("long", "@reboot", ("sh", "-c", script))
    start, late = asyncio.create_subprocess_exec, asyncio.Event()

    async def started(*command: str) -> Any:
        process = await start(*command)
        if not told:
            await late.wait()
        return process

    async def stop() -> None:
        task = asyncio.create_task(scheduler.run(job))
        await asyncio.to_thread(until, begun.exists, "the job's beginning", 30)
        task.cancel()
        await asyncio.sleep(0)
        late.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(asyncio, "create_subprocess_exec", started)
    asyncio.run(stop())
    assert ended.exists()
