"""Images: the body waits in PostgreSQL until the worker has measured it."""

import hashlib

from shop.database import Database
from shop.orders import to_json

MAX_BYTES = 1_000_000  # of any request

_KEEP = """
    INSERT INTO images (user_name, key, body) VALUES (%(user)s, %(key)s, %(body)s)
    ON CONFLICT (user_name, key) DO UPDATE SET key = excluded.key
    RETURNING id
"""
_BODY = "SELECT body FROM images WHERE id = %(id)s AND measured_at IS NULL"
_MEASURED = """
    UPDATE images
    SET sha256 = %(sha256)s, size = %(size)s, instance = %(instance)s, measured_at = now(), body = NULL
    WHERE id = %(id)s AND measured_at IS NULL
    RETURNING id
"""
_BY_ID = "SELECT id, sha256, size, instance, created_at, measured_at FROM images WHERE id = %(id)s"


async def keep(database: Database, *, user: str, key: str, body: bytes) -> int:
    rows = await database.fetch(_KEEP, {"user": user, "key": key, "body": body})
    return int(rows[0]["id"])


async def measure(database: Database, image: int, instance: str) -> bool:
    """Whether there was something left to do."""
    found = await database.one(_BODY, {"id": image})
    if not found:
        return False
    body = bytes(found["body"])
    measured = await database.one(
        _MEASURED,
        {
            "id": image,
            "sha256": hashlib.sha256(body).hexdigest(),
            "size": len(body),
            "instance": instance,
        },
    )
    return measured is not None


async def find(database: Database, image: int) -> str | None:
    found = await database.one(_BY_ID, {"id": image})
    return to_json(found) if found else None
