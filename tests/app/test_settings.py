"""A wrong configuration cannot be loaded, and the message says where and what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shop.cli import run
from shop.settings import Address, SettingsError, load, read_secret

Write = Callable[[dict[str, Any]], Path]


def test_what_is_left_out_has_a_default(content: dict[str, Any], write: Write) -> None:
    settings = load(write(content))
    assert settings.listen.port == 8000
    assert settings.replica is None
    assert settings.redis.sentinels == (Address("redis-sentinel-1", 26379), Address("fd00::1", 26379))


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("database", "pool_max", 0, "database.pool_max: 0: Input should be greater than 0"),
        ("database", "pool_min", 11, "pool_min 11 is above pool_max 10"),
        ("database", "hosts", ["pgbouncer-1"], 'database.hosts.0: "pgbouncer-1": Value error, write it as host:port'),
        ("database", "hosts", ["pgbouncer-1:99999"], "write it as host:port"),
        ("database", "hosts", [], "database.hosts: []"),
        ("database", "pool", 3, "database.pool: 3: Extra inputs are not permitted"),
        ("listen", "proxies", ["edge"], 'listen.proxies.0: "edge"'),
        ("queues", "mails", 1, "'notifications', 'dispatch', 'analytics' or 'images'"),
        ("queues", "dispatch", 0, "queues.dispatch: 0"),
    ],
)
def test_a_mistake_is_named_with_path_and_value(
    content: dict[str, Any], write: Write, section: str, key: str, value: object, message: str
) -> None:
    content[section][key] = value
    path = write(content)
    with pytest.raises(SettingsError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_a_wrong_file_ends_the_command_with_2(
    content: dict[str, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    del content["redis"]
    assert run(["api", "--config", str(write(content))]) == 2
    assert "redis: " in capsys.readouterr().err


def test_a_missing_file_ends_the_command_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["worker", "--config", str(tmp_path / "none.json")]) == 2
    assert "none.json: No such file or directory" in capsys.readouterr().err


def test_migrate_says_which_section_it_needs(
    content: dict[str, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "--config", str(write(content))]) == 2
    assert "migrate: null" in capsys.readouterr().err


def test_a_secret_loses_its_newline_and_must_not_be_empty(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    assert read_secret(secret) == "s3cret"
    secret.write_text("\n")
    with pytest.raises(SettingsError, match="the file is empty"):
        read_secret(secret)
