"""Proves that a member of PostgreSQL is dead, and only then gives its lock away: see `decisions`."""
