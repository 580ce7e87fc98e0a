"""Proof that backups can be restored: one is, and what comes out is looked at."""
