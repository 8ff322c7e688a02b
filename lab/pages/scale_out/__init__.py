"""`/scale-out`: the lab's processes, and how each approach works with several nodes."""

import os

from flask import Blueprint, Response, make_response, render_template

from lab.cluster.node import THREADS
from lab.cluster.throughput import COMPUTE_MS, WORK_MS
from lab.controls import Guard

PAGE = {
    "threads": THREADS,
    "work_ms": WORK_MS,
    "compute_ms": COMPUTE_MS,
    "most": 1000 // COMPUTE_MS,
    "cores": os.cpu_count(),
}


def scale_out_blueprint(guard: Guard) -> Blueprint:
    """Return the page."""
    scale_out = Blueprint("scale_out", __name__)
    scale_out.before_request(guard)

    @scale_out.get("/scale-out")
    def page() -> Response:
        """Show the processes and each approach's results."""
        return make_response(
            render_template("scale_out.html", may_press=guard.may_press(), takes_code=bool(guard.code), page=PAGE)
        )

    return scale_out
