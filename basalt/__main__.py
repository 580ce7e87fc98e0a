"""`python -m basalt`."""

from basalt.cli import main

main()
