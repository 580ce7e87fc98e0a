"""Puts keepsakes into a repository and gets them out, by pgBackRest's own commands for files (`repo-put`, `repo-get`,
`repo-ls`, `repo-rm`), which speak to a folder and to a bucket alike.

`repo-put` encrypts with the repository's key. `repo-get` finds out by itself only the keys of what backups are made of
(pgbackrest, src/command/repo/get.c), and takes another as an argument alone, which everybody could read: so it gets the
bytes as they are, and OpenSSL, whose format they have, decrypts them."""

import hmac
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from repositories import Repository

from keepsakes.names import FOLDER, Keepsake, label, listed, marker

ETC = Path("/etc/basalt")
#: What it prints to its standard output is the file and nothing else.
_QUIET = ("--log-level-console=off", "--log-level-stderr=error")
_PIECE = 1 << 20


class StoreError(Exception):
    """A repository does not take or give a keepsake; the message says why."""


class Store:
    """The keepsakes of one repository."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._key = ETC / f"cipher-{repository.name}"

    def all(self) -> list[Keepsake]:
        """All of them, the newest of each kind first. StoreError."""
        return listed(self._ask("--recurse", "--output=json", "repo-ls", FOLDER))

    def put(self, kind: str, moment: datetime, path: Path) -> Keepsake:
        """Stores a file, and looks whether it comes out again as it was. StoreError."""
        made = Keepsake(kind, label(moment), self._mark(kind, label(moment), path), path.stat().st_size)
        with path.open("rb") as file:
            self._run("repo-put", made.path, given=file.fileno())
        proof = path.with_suffix(".proof")
        try:
            self.get(made, proof)
        except StoreError:
            with suppress(StoreError):
                self.remove(made)
            raise
        finally:
            proof.unlink(missing_ok=True)
        return made

    def get(self, keepsake: Keepsake, path: Path) -> None:
        """Into a new file, which is there only when it is what was put. StoreError."""
        draft = path.with_suffix(".draft")
        try:
            with draft.open("xb") as file:
                self._decrypt(keepsake, file.fileno())
            if not hmac.compare_digest(self._mark(keepsake.kind, keepsake.label, draft), keepsake.mark):
                raise StoreError(
                    f"{keepsake.path} in {self.repository.name} is not what was put there, or its key is another"
                )
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)

    def remove(self, keepsake: Keepsake) -> None:
        """StoreError."""
        self._ask("repo-rm", keepsake.path)

    def _mark(self, kind: str, moment: str, path: Path) -> str:
        made = marker(self._key.read_text().strip(), kind, moment)
        for piece in _pieces(path):
            made.update(piece)
        return made.hexdigest()

    def _decrypt(self, keepsake: Keepsake, into: int) -> None:
        # The digest by which pgBackRest makes a key of a passphrase is OpenSSL's of old.
        words = ["openssl", "enc", "-d", "-aes-256-cbc", "-md", "sha1", "-pass", f"file:{self._key}"]
        with subprocess.Popen(
            self._words("--raw", "repo-get", keepsake.path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as get:
            done = subprocess.run(words, stdin=get.stdout, stdout=into, stderr=subprocess.PIPE, check=False)
            assert get.stdout is not None and get.stderr is not None  # noqa: S101, PT018  pipes
            get.stdout.close()
            said = get.stderr.read().decode(errors="replace").strip()
        if get.returncode:
            raise StoreError(f"{self.repository.name} does not give {keepsake.path}: {said}")
        if done.returncode:
            raise StoreError(f"{keepsake.path} in {self.repository.name} is damaged, or its key is another")

    def _words(self, *words: str) -> list[str]:
        return ["pgbackrest", self.repository.option, *_QUIET, *words]

    def _ask(self, *words: str) -> str:
        return self._run(*words).decode()

    def _run(self, *words: str, given: int = subprocess.DEVNULL) -> bytes:
        done = subprocess.run(self._words(*words), stdin=given, capture_output=True, check=False)
        if done.returncode:
            raise StoreError(f"{self.repository.name}: {done.stderr.decode(errors='replace').strip() or words}")
        return done.stdout


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
