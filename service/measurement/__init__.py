"""Measure each request: its steps, and the `Server-Timing` header.

Any layer wraps its work in `step(part, what)`. Nothing is stored: the response carries all of it.
"""

from service.measurement.recorder import Recorder, step

__all__ = ["Recorder", "step"]
