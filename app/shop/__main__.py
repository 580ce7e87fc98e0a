"""python -m shop api | worker | migrate"""

import sys

from shop.cli import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
