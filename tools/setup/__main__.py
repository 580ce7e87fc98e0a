"""Entry of `python3 tools/setup`."""

import sys
from pathlib import Path

# Run as a directory, so the repository is not on the path yet.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from tools.setup.cli import main

if __name__ == "__main__":
    sys.exit(main())
