"""What an instance reads: configuration files, secrets, certificates. All of it is mounted under `words.FILES`."""

import re
from dataclasses import dataclass

from basalt.workload.words import FILES, Authority

#: How a rendered text carries a secret until a target puts the value in its place.
_SECRET = re.compile(r"@@secret:([a-z0-9][a-z0-9/_-]*)@@")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The name of a secret, never its value. `str()` is the mark that a rendered text carries."""

    name: str

    def __post_init__(self) -> None:
        if not _SECRET.fullmatch(str(self)):
            raise ValueError(f"secret name {self.name!r}: use a-z, 0-9, / _ -")

    def __str__(self) -> str:
        return f"@@secret:{self.name}@@"

    @staticmethod
    def find(text: str) -> tuple["SecretRef", ...]:
        """All references in a text, each once, sorted by name."""
        return tuple(SecretRef(name) for name in sorted(set(_SECRET.findall(text))))

    @staticmethod
    def fill(text: str, values: dict[str, str]) -> str:
        """The text with each mark replaced. KeyError when a value is missing."""
        return _SECRET.sub(lambda match: values[match[1]], text)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A leaf certificate with its key, for server and client use. Becomes three files in `<FILES>/tls/<authority>/`:
    ca.crt, tls.crt, tls.key. `names` are DNS names or IP addresses; the first is the common name."""

    authority: Authority
    names: tuple[str, ...]
    #: False: only ca.crt, for those who verify and are not verified.
    key: bool = True

    @property
    def folder(self) -> str:
        """Where its files are, inside the container."""
        return f"{FILES}/tls/{self.authority.name}"


Content = str | SecretRef


@dataclass(frozen=True, slots=True)
class File:
    """A file below `FILES`. `content` may carry secret marks; every file is mode 0400, owned by `Workload.uid`."""

    path: str
    content: Content
    #: The running instance takes it up by `Workload.reload`; else the container is replaced.
    reloads: bool = True
    executable: bool = False

    @property
    def text(self) -> str:
        """Content with marks in place of secrets."""
        return str(self.content)

    @property
    def secrets(self) -> tuple[SecretRef, ...]:
        """The secrets inside."""
        return SecretRef.find(self.text)
