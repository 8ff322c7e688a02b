"""The lab's controls in the browser: the state, the access check, and the switches for nodes and store."""

from lab.controls.guard import Guard
from lab.controls.own_names import answer_only_to
from lab.controls.routes import controls_blueprint
from lab.controls.switches import Switches

__all__ = ["Guard", "Switches", "answer_only_to", "controls_blueprint"]
