"""What each request did and how long it took: its steps, and `Server-Timing`.

Any layer wraps its work in `step(part, what)`; nothing is stored, everything leaves with the response.
"""

from service.measurement.recorder import Recorder, step

__all__ = ["Recorder", "step"]
