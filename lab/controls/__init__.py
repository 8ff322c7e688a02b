"""The lab's controls in the browser: what runs, switches for nodes and store, and the page that shows them."""

from lab.controls.guard import Guard
from lab.controls.own_names import answer_only_to
from lab.controls.routes import controls_blueprint

__all__ = ["Guard", "answer_only_to", "controls_blueprint"]
