"""Every story there is."""

from walkthrough.stories.session import SESSION
from walkthrough.stories.token import TOKEN

STORIES = {story.slug: story for story in (SESSION, TOKEN)}
