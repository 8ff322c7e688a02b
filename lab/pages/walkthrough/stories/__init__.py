"""All stories, in the recommended order."""

from lab.pages.walkthrough.stories.apart import APART
from lab.pages.walkthrough.stories.client_reads_exp import CLIENT_READS_EXP
from lab.pages.walkthrough.stories.fourteen_steps import FOURTEEN_STEPS
from lab.pages.walkthrough.stories.logout_of_both import LOGOUT_OF_BOTH
from lab.pages.walkthrough.stories.role_change import ROLE_CHANGE
from lab.pages.walkthrough.stories.rotation_and_theft import ROTATION_AND_THEFT
from lab.pages.walkthrough.stories.session import SESSION
from lab.pages.walkthrough.stories.session_lifetimes import SESSION_LIFETIMES
from lab.pages.walkthrough.stories.together import TOGETHER
from lab.pages.walkthrough.stories.token import TOKEN
from lab.pages.walkthrough.stories.without_refresh import WITHOUT_REFRESH

STORIES = {
    story.slug: story
    for story in (
        SESSION,
        SESSION_LIFETIMES,
        TOKEN,
        WITHOUT_REFRESH,
        FOURTEEN_STEPS,
        APART,
        TOGETHER,
        CLIENT_READS_EXP,
        ROTATION_AND_THEFT,
        LOGOUT_OF_BOTH,
        ROLE_CHANGE,
    )
}
