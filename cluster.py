"""`python -m cluster …`: the command line of `lab.cluster`."""

import sys

from lab.cluster.commands import cluster

if __name__ == "__main__":
    sys.exit(cluster(prog_name="python -m cluster"))
