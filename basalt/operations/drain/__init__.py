"""A host is emptied before it is updated or booted, and filled again afterwards, while all others serve."""
