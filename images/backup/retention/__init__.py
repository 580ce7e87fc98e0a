"""Which backups stay, and what lets the others go."""
