"""Every corruption is found and called by its name, and what is well is proved."""

import re

import pytest

from tests.drills import ALL
from tests.drills.corruptions import CORRUPTIONS, Corruption
from tests.drills.house import House

pytestmark = pytest.mark.live


@pytest.mark.parametrize("options", [(), ("--older",)])
def test_what_is_well_is_proved_and_nothing_is_left_of_it(place: House, options: tuple[str, ...]) -> None:
    report = place.drill(*options)
    assert report["fault"] is None, report
    assert report["replayed"] > 0
    assert report["databases"]["postgres"] > 0
    assert report["proved"]
    assert report["rows"][0]["gave"] == "true"
    assert place.left() == {"drill.prom", "lock", "reports"}


_PLANTED = CORRUPTIONS if ALL else CORRUPTIONS[::3]


@pytest.mark.parametrize("planted", _PLANTED, ids=[one.name for one in _PLANTED])
def test_a_corruption_is_found_and_named(place: House, planted: Corruption) -> None:
    try:
        place.run(planted.script)
        report = place.drill()
        assert report["fault"] in planted.steps, report
        assert re.search(planted.says, report["why"]), report
        assert place.left() == {"drill.prom", "lock", "reports"}
    finally:
        place.mend()
    assert place.drill()["fault"] is None


def test_damage_of_another_backup_is_told_and_the_newest_is_proved_nevertheless(place: House) -> None:
    try:
        place.run("begin; take full; end")
        place.run('flip "$full/bundle/1"')
        report = place.drill()
        assert (report["fault"], report["proved"]) == ("repository", True)
        older = place.drill("--older")
        assert (older["fault"], older["proved"]) == ("repository", False)
        assert "then restore: " in older["why"]
    finally:
        place.mend()


def test_the_log_of_an_old_backup_is_replayed_as_far_as_it_is_kept(place: House) -> None:
    try:
        place.run("begin; take full; end")
        # As retention leaves it: what makes the first one consistent, and all since the last full one.
        first = place.run('basename "$full"').strip()
        place.run('rm "$(segment 3)" "$(segment 4)" "$(segment 5)"; rm -r "$backups"/2*I')
        report = place.drill(f"--set={first}")
        assert report["proved"], report
        assert report["replayed"] < 16 << 20
    finally:
        place.mend()


def test_what_a_killed_one_left_goes(place: House) -> None:
    place.run("mkdir -p /var/lib/drill/data/base && touch /var/lib/drill/postgres.log")
    place.run("backup-drill --clean")
    assert place.left() == {"drill.prom", "lock", "reports"}
