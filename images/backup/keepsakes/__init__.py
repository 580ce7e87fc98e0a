"""What is kept beside the backups of the database's files: Redis' keys, silences, logical dumps."""
