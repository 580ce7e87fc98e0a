"""The shop: basalt's reference application."""

import os

# Dramatiq reads this once, when it is first imported; its own 3 s would be the longest part of a recovery.
os.environ.setdefault("dramatiq_restart_delay", "500")
