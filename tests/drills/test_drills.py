"""Every corruption is found and called by its name, and what is well is proved."""

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
    assert report["rows"][0]["gave"] == [["True"]]
    assert place.left() == {"drill.prom", "lock", "reports"}


_PLANTED = CORRUPTIONS if ALL else CORRUPTIONS[::3]


@pytest.mark.parametrize("planted", _PLANTED, ids=[one.name for one in _PLANTED])
def test_a_corruption_is_found_and_named(place: House, planted: Corruption) -> None:
    try:
        place.run(planted.script)
        report = place.drill()
        assert report["fault"] in planted.steps, report
        assert planted.says in report["why"], report
        assert place.left() == {"drill.prom", "lock", "reports"}
    finally:
        place.mend()
    assert place.drill()["fault"] is None
