"""`python -m tests.support.sixth_lab …`: `python app.py …`, whose nodes also mount a sixth approach.

Nodes are forked from this process (see `lab.cluster.preloaded`), so they have the same `app.create_app`.
"""

import sys
from functools import partial

import app
from tests.support.sixth import add_tickets

if __name__ == "__main__":
    app.create_app = partial(app.create_app, more=[add_tickets])
    sys.exit(app.main())
