"""PgBouncer: many clients on few server connections."""
