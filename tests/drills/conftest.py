"""One house for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.drills.house import House, house


@pytest.fixture(scope="session")
def place() -> Iterator[House]:
    """As it is prepared."""
    with house() as made:
        yield made
