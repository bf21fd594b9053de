"""`python -m rhov` is the `rhov` command."""

import sys

from rhov.cli import main

sys.exit(main())
