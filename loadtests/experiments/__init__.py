"""One module per question, in two independent parts: `collect` measures, `conclude` evaluates the stored windows."""

from loadtests.experiments.lifetimes import LIFETIMES
from loadtests.experiments.lookup_cost import LOOKUP_COST
from loadtests.experiments.memory import MEMORY
from loadtests.experiments.outage import OUTAGE
from loadtests.experiments.revocation import REVOCATION
from loadtests.experiments.saturation import SATURATION
from loadtests.experiments.scale_out import SCALE_OUT
from loadtests.stage import Experiment

ALL: tuple[Experiment, ...] = (LOOKUP_COST, SATURATION, SCALE_OUT, MEMORY, REVOCATION, LIFETIMES, OUTAGE)
BY_NAME = {experiment.name: experiment for experiment in ALL}
