"""Asks a live stack for what the checklist is made from. Decides nothing; what cannot be asked is told as such."""
