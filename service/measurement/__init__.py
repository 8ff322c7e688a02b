"""What each request did and how long it took: steps, `Server-Timing`, and the lab trace.

Any layer wraps its work in `step(part, what)`; nothing is stored, everything leaves with the response.
"""

from service.measurement.recorder import Recorder, step

__all__ = ["Recorder", "step"]
