"""What looks like a secret never leaves the host: the rules by which the shipper hides it. Pure.

They are regular expressions that Python and PCRE both know, applied one after the other to each line as the program
wrote it, JSON or not, before anything else is read from it."""

import re
from dataclasses import dataclass

HIDDEN = "[hidden]"

#: A name that is followed by a secret.
_KEY = (
    r"(?i:passw(?:or)?d|passphrase|pwd|secret|token|credential|(?:api|access|private|signing|encryption)[_-]?key)"
    r"(?i:s|[_-]?(?:key|hash|value|\d+))?"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Hides what matches `secret` right behind what matches `before`."""

    name: str
    before: str
    secret: str
    shown: str = HIDDEN

    @property
    def pcre(self) -> str:
        """For a program that replaces what is matched: `before` is looked for, and kept."""
        return rf"{self.before}\K{self.secret}" if self.before else self.secret

    def apply(self, line: str) -> str:
        """The same in Python, which has no `\\K`."""
        return re.sub(f"(?P<before>{self.before})(?:{self.secret})", rf"\g<before>{self.shown}", line)


RULES = (
    # RFC 7519: three parts, the first of which begins with `{"`.
    Rule("JSON web token", "", r"eyJ[\w-]{4,}\.[\w-]+\.[\w-]*"),
    Rule("bearer token", r"(?i:\bbearer\s+)", r"(?!\[hidden)[\w.~+/=-]{4,}"),
    Rule(
        "Authorization header",
        r"(?i:\bauthorization[\"'\\]*\s*[:=]\s*[\"'\\\[]*(?:(?:basic|digest|negotiate|token|apikey)\s+)?)",
        r"(?!(?i:bearer\s)|hidden\])[^\s\"'\\,;&}]+",
    ),
    Rule("cookie", r"(?i:\bcookie[\"'\\]*\s*:\s*[\"'\\\[]*)", r"(?!\s*\[?hidden\])[^\"'\\\r\n]+"),
    Rule("password in a URI", r"\w+://[^\s:/@\"'\\]*:", r"[^\s@\"'\\]+(?=@)"),
    # To the closing quote, which is escaped as often as the opening one: JSON is logged inside JSON.
    Rule(
        "quoted value",
        rf"{_KEY}\\*[\"']?\s*[:=]\s*\[?\s*(?P<quote>\\*[\"'])",
        r"(?:(?!(?<!\\)(?P=quote)).)+",
    ),
    # JSON stays JSON.
    Rule("number", rf"{_KEY}\\*\"\s*:\s*", r"-?\d[\d.eE+-]*", shown="0"),
    Rule(
        "value",
        rf"{_KEY}\\*[\"']?\s*[:=]\s*",
        r"(?!(?:null|true|false|0)\b|[\[{(])[^\s\"'\\,;&}\])]+",
    ),
    # RFC 7468, in one line with escaped line ends, or one line of the key after the other.
    Rule("private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----", r"(?s:.+?)(?=-----END|$)"),
    Rule("line of a key", r"^\s*", r"[A-Za-z0-9+/]{40,76}={0,2}(?=\s*$)"),
    Rule("SQL password", r"(?i:\bpassword\s+e?')", r"(?!\[hidden\])(?:[^']|'')+"),
    Rule("webhook", r"(?:hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/)", r"[\w/-]+"),
    Rule("provider's token", "", r"\b(?:gh[pousr]_\w{20,}|glpat-[\w-]{20,}|xox[abpr]-[\w-]{10,}|AKIA[0-9A-Z]{16})"),
)


def redact(line: str) -> str:
    """A line without what the rules know."""
    for rule in RULES:
        line = rule.apply(line)
    return line
