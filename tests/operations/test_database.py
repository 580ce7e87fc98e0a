"""`basalt database`: what the program in the primary's container is given."""

import json

import pytest

from basalt.operations.database import Action, DatabaseError, document, run
from basalt.plan import plan
from tests.stacks import DATABASE, ONE_HOST, topology


def test_it_is_given_what_the_task_is_given_and_no_secret() -> None:
    made = plan(topology(DATABASE))
    task = next(p for p in made.planned if p.instance.name == "postgres-provision-1")
    given = document(made)
    assert given == next(file.text for file in task.files if file.path == "provision.json")
    assert [role for role in json.loads(given)["roles"] if "password" in role] == []


def test_a_stack_without_postgres_is_told_so() -> None:
    with pytest.raises(DatabaseError, match=r"has no postgres; declare services\.postgres"):
        run(topology(ONE_HOST), Action.DIFF, print)
