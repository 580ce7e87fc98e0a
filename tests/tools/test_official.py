import hashlib
import io
import tarfile
import urllib.error
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path

import pytest

from tools.setup import binaries, official
from tools.setup.step import Log, SetupError

Answers = Callable[[dict[str, bytes]], list[str]]


@pytest.fixture
def answers(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """What the release's server answers, by file name; everything else is not found. Gives the requests."""
    asked: list[str] = []

    def serve(files: dict[str, bytes]) -> list[str]:
        def open_(address: str, timeout: float) -> io.BytesIO:
            asked.append(address)
            name = address.rpartition("/")[2]
            if name not in files:
                raise urllib.error.HTTPError(address, 404, "not found", Message(), io.BytesIO())
            return io.BytesIO(files[name])

        monkeypatch.setattr("urllib.request.urlopen", open_)
        return asked

    official._checksums.cache_clear()
    yield serve
    official._checksums.cache_clear()


def release() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("pulumi", "pulumi-language-python"):
            member = tarfile.TarInfo(f"pulumi/{name}")
            member.mode = 0o755
            tar.addfile(member, io.BytesIO())
    return buffer.getvalue()


def checksums(archive: bytes) -> dict[str, bytes]:
    line = f"{hashlib.sha256(archive).hexdigest()}  {official.archive()}\n"
    return {f"pulumi-{official.version()}-checksums.txt": line.encode(), official.archive(): archive}


def test_a_verified_release_is_unpacked(answers: Answers, tmp_path: Path) -> None:
    answers(checksums(release()))
    folder = official.download(Log(tmp_path / "log"))
    assert folder == binaries.folder(official.key())
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]


def test_a_release_with_another_checksum_is_not_used(answers: Answers, tmp_path: Path) -> None:
    answers({**checksums(release()), official.archive(): b"something else"})
    log = Log(tmp_path / "log")
    assert official.download(log) is None
    assert "its checksum file says" in log.tail()
    assert not binaries.folder(official.key()).exists()


def test_an_unreachable_server_is_asked_once_for_all_parts(answers: Answers, tmp_path: Path) -> None:
    asked = answers({})
    log = Log(tmp_path / "log")
    assert [official.download(log), official.download(log), official.reachable(log)] == [None, None, False]
    assert len(asked) == 1


def test_builds_that_are_asked_for_ask_no_server(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(checksums(release()))
    monkeypatch.setenv("BASALT_PULUMI", "build")
    assert official.download(Log(tmp_path / "log")) is None
    assert asked == []


def test_lines_that_are_no_checksums_are_skipped() -> None:
    good = "a" * 64
    lines = [f"{good}  one.tar.gz", f"{good} *two.tar.gz", "<html>", "short  three.tar.gz"]
    assert official.parse_checksums(lines) == {"one.tar.gz": good, "two.tar.gz": good}


def test_an_unknown_choice_of_source_is_an_error(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASALT_PULUMI", "fast")
    with pytest.raises(SetupError, match="must be one of any, build"):
        official.reachable(Log(tmp_path / "log"))
