"""All missions, the shortest first."""

from lab.pages.missions.each.alg_none import ALG_NONE
from lab.pages.missions.each.bobs_tools import BOBS_TOOLS
from lab.pages.missions.each.leaked_key import LEAKED_KEY
from lab.pages.missions.each.log_out_a_token import LOG_OUT_A_TOKEN
from lab.pages.missions.each.noticed_theft import NOTICED_THEFT
from lab.pages.missions.each.other_site import OTHER_SITE
from lab.pages.missions.each.read_a_token import READ_A_TOKEN
from lab.pages.missions.each.stay_logged_in import STAY_LOGGED_IN
from lab.pages.missions.each.store_down import STORE_DOWN
from lab.pages.missions.each.which_node import WHICH_NODE

MISSIONS = {
    mission.slug: mission
    for mission in (
        WHICH_NODE,
        READ_A_TOKEN,
        STAY_LOGGED_IN,
        LOG_OUT_A_TOKEN,
        NOTICED_THEFT,
        ALG_NONE,
        BOBS_TOOLS,
        LEAKED_KEY,
        OTHER_SITE,
        STORE_DOWN,
    )
}
