"""`/study-notes`: where each statement of the study notes is seen, with a tick for each."""

from lab.pages.study_notes.routes import study_notes_blueprint

__all__ = ["study_notes_blueprint"]
