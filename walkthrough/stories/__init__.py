"""Every story there is, in the order in which they are best walked."""

from walkthrough.stories.apart import APART
from walkthrough.stories.client_reads_exp import CLIENT_READS_EXP
from walkthrough.stories.fourteen_steps import FOURTEEN_STEPS
from walkthrough.stories.role_change import ROLE_CHANGE
from walkthrough.stories.rotation_and_theft import ROTATION_AND_THEFT
from walkthrough.stories.session import SESSION
from walkthrough.stories.session_lifetimes import SESSION_LIFETIMES
from walkthrough.stories.together import TOGETHER
from walkthrough.stories.token import TOKEN

STORIES = {
    story.slug: story
    for story in (
        SESSION,
        SESSION_LIFETIMES,
        TOKEN,
        FOURTEEN_STEPS,
        APART,
        TOGETHER,
        CLIENT_READS_EXP,
        ROTATION_AND_THEFT,
        ROLE_CHANGE,
    )
}
