"""What is rendered for the application is read by its own code."""

from importlib import import_module
from typing import Any

import pytest

from tests.app.conftest import APP


@pytest.fixture
def shop_settings(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The application's `Settings`."""
    monkeypatch.syspath_prepend(str(APP))
    return import_module("shop.settings").Settings
