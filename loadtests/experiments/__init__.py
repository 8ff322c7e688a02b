"""One module a question. Each measures on a stage and concludes from what was kept; neither knows of the other."""

from loadtests.experiments.lookup_cost import LOOKUP_COST
from loadtests.experiments.outage import OUTAGE
from loadtests.experiments.revocation import REVOCATION
from loadtests.experiments.scale_out import SCALE_OUT
from loadtests.stage import Experiment

ALL: tuple[Experiment, ...] = (LOOKUP_COST, SCALE_OUT, REVOCATION, OUTAGE)
BY_NAME = {experiment.name: experiment for experiment in ALL}
