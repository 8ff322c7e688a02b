"""`/missions`: ten tasks for a visitor. The lab decides from its own records whether one is solved."""

from lab.pages.missions.ground import Ground
from lab.pages.missions.routes import missions_blueprint

__all__ = ["Ground", "missions_blueprint"]
