"""`python -m asylumatlas` is the command `asylumatlas`."""

import sys

from asylumatlas.cli import main

if __name__ == "__main__":  # worker processes import this module too, under another name
    sys.exit(main())
