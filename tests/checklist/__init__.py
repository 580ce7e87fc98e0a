"""The production checklist."""
