"""A planned switchover of the database, without a statement that fails; and what is built on it."""
