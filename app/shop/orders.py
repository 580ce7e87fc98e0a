"""Orders in PostgreSQL."""

import json
from datetime import datetime
from typing import Any

from shop.database import Database
from shop.queues import ORDER_QUEUES

_COLUMNS = "id, product, quantity, status, instance, created_at, paid_at"

# The key is claimed first; a repetition claims nothing, inserts nothing and finds the first order below.
_PLACE = f"""
    WITH claimed AS (
        INSERT INTO order_keys (user_name, key) VALUES (%(user)s, %(key)s)
        ON CONFLICT DO NOTHING
        RETURNING order_id
    ), placed AS (
        INSERT INTO orders (id, user_name, product, quantity, instance)
        SELECT order_id, %(user)s, %(product)s, %(quantity)s, %(instance)s FROM claimed
        RETURNING {_COLUMNS}
    ), queued AS (
        INSERT INTO order_jobs (order_id, queue)
        SELECT id, queue FROM placed, unnest(%(queues)s::text[]) AS queue
    )
    SELECT {_COLUMNS} FROM placed
"""
_BY_KEY = f"""
    SELECT {_COLUMNS} FROM orders
    WHERE id = (SELECT order_id FROM order_keys WHERE user_name = %(user)s AND key = %(key)s)
"""
_BY_ID = f"SELECT {_COLUMNS} FROM orders WHERE id = %(id)s"
_PAY = f"""
    UPDATE orders SET paid_at = now()
    WHERE id = %(id)s AND paid_at IS NULL AND (user_name = %(user)s OR %(any_user)s)
    RETURNING {_COLUMNS}
"""
_PAYABLE = f"""
    SELECT {_COLUMNS} FROM orders
    WHERE id = %(id)s AND paid_at IS NOT NULL AND (user_name = %(user)s OR %(any_user)s)
"""
_JOBS = """
    SELECT queue, instance, tries, done_at FROM order_jobs WHERE order_id = %(id)s ORDER BY queue
"""

Order = dict[str, Any]


async def place(
    database: Database, *, user: str, key: str, product: str, quantity: int, instance: str
) -> tuple[Order, bool]:
    """The order and whether it is new."""
    parameters = {
        "user": user,
        "key": key,
        "product": product,
        "quantity": quantity,
        "instance": instance,
        "queues": list(ORDER_QUEUES),
    }
    if placed := await database.one(_PLACE, parameters):
        return placed, True
    rows = await database.fetch(_BY_KEY, parameters)
    return rows[0], False


async def find(database: Database, order: int) -> str | None:
    found = await database.one(_BY_ID, {"id": order})
    return to_json(found) if found else None


async def pay(database: Database, order: int, *, user: str, any_user: bool) -> tuple[Order, bool] | None:
    """The order and whether this call paid it; None when the caller has no such order."""
    parameters = {"id": order, "user": user, "any_user": any_user}
    if paid := await database.one(_PAY, parameters):
        return paid, True
    found = await database.one(_PAYABLE, parameters)
    return (found, False) if found else None


async def jobs(database: Database, order: int) -> list[Order]:
    return await database.fetch(_JOBS, {"id": order})


def to_json(row: Order) -> str:
    return json.dumps(row, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
