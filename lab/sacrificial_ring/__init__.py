"""UNSAFE, DO NOT COPY: key rings whose secrets are shown, so that a visitor can forge a token and see it accepted.

Each visitor has a ring of their own. It is made for the lesson: its issuer and its keys are not used anywhere else, so
nothing that its keys sign is accepted elsewhere. It runs only in a lab. Two things here are wrong on purpose: a secret
is given to a browser, and a token that does not name its key is tried with every key.
"""

from lab.sacrificial_ring.rings import Rings
from lab.sacrificial_ring.routes import sacrificial_ring_blueprint

__all__ = ["Rings", "sacrificial_ring_blueprint"]
