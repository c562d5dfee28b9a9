"""`python -m proofs [proof ..]`: see run.py."""

import sys

from proofs.run import main

sys.exit(main())
