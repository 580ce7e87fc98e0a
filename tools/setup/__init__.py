"""Set-up of a machine: `python3 tools/setup --help`."""
