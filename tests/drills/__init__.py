"""Backups that are damaged on purpose, and a drill that has to find out.

BASALT_TEST_DRILLS=all damages them in every way there is, and takes a table out at ten moments; else in a third of
them, and at three."""

import os

ALL = os.environ.get("BASALT_TEST_DRILLS") == "all"
