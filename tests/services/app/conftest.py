"""What is rendered for the application is read by its own code."""

from typing import Any

import pytest
from shop.settings import Settings


@pytest.fixture
def shop_settings() -> Any:
    """The application's `Settings`."""
    return Settings
