"""What is told of a container that is not well."""

import pytest

from basalt.operations.status import said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("plain  words\n", "plain words"),
        ('{"level": "error", "message": "no room"}\n', "no room"),
        ('{"level": "error", "msg": "refused"}', "refused"),
        ('{"level": "error"}', '{"level": "error"}'),
        ("17", "17"),
        ('{"message": "\\u001b[2Jgone\\u0007"}', "[2Jgone"),
        ("\x1b[31mred", "[31mred"),
        ("", ""),
        ("x" * 500, "x" * 200),
    ],
)
def test_the_last_line_of_a_log_is_told_in_a_few_words(line: str, told: str) -> None:
    assert said(line) == told
