"""Secrets travel through rendered texts as marks."""

import pytest

from basalt.render import render
from basalt.workload import Endpoint, File, SecretRef


def test_a_rendered_text_carries_marks_and_no_values() -> None:
    file = File("x", f"password = {SecretRef('redis/password')}\n")
    assert file.secrets == (SecretRef("redis/password"),)


def test_fill_puts_values_in_their_places() -> None:
    text = f"{SecretRef('a')} {SecretRef('b')} {SecretRef('a')}"
    assert SecretRef.fill(text, {"a": "1", "b": "2"}) == "1 2 1"


def test_fill_refuses_to_leave_a_mark() -> None:
    with pytest.raises(KeyError):
        SecretRef.fill(str(SecretRef("a")), {})


@pytest.mark.parametrize("name", ["", "Upper", "a b", "/a", "a@@"])
def test_a_secret_name_has_a_plain_form(name: str) -> None:
    with pytest.raises(ValueError, match="secret name"):
        SecretRef(name)


@pytest.mark.parametrize("text", ["a", "a.", ".b", "a.b.c"])
def test_an_endpoint_is_workload_dot_port(text: str) -> None:
    with pytest.raises(ValueError, match=r"workload\.port"):
        Endpoint.parse(text)


def test_a_template_with_a_missing_value_is_an_error() -> None:
    with pytest.raises(Exception, match="is undefined"):
        render("etcd/etcd.yaml.j2", name="etcd-1")
