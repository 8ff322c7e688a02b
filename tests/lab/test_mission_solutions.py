"""What a mission's page prints as its solution is run in a shell before a running lab, which says "solved".

SECURITY 34.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.pages.missions.each import MISSIONS
from tests.support.lab_processes import Lab
from tests.support.stopwatch import GIVE_UP_S

ANSWER = re.compile(r"^(\w+): (\S+)$", re.MULTILINE)


def post(lab: Lab, path: str, fields: dict[str, str]) -> dict[str, Any]:
    status, _headers, body = lab.request("POST", path, fields)
    assert status in (200, 201), body
    return dict(json.loads(body))


@pytest.mark.own_processes
@pytest.mark.parametrize("slug", MISSIONS)
def test_a_solution_solves_its_mission(lab: Lab, tmp_path: Path, slug: str) -> None:
    mission = MISSIONS[slug]
    begun = post(lab, f"/missions/{slug}/trials", {})
    given = {name: value.replace("$LAB", lab.url) for name, value in begun["given"].items()}
    answers: dict[str, str] = {}
    for number, part in enumerate(mission.solution, 1):
        ran = subprocess.run(
            ["bash", "-c", part.commands],
            cwd=tmp_path,
            env={**os.environ, "LAB": lab.url, **given},
            check=False,
            capture_output=True,
            text=True,
            timeout=GIVE_UP_S,
        )
        said = ran.stdout + ran.stderr
        answers |= {name: value for name, value in ANSWER.findall(ran.stdout) if name in mission.answers}
        assert answers.keys() == mission.answers.keys(), said
        verdict = post(lab, f"/missions/{slug}/trials/{begun['trial']}/check", answers)
        assert verdict["solved"] is (number == len(mission.solution)), f"{verdict['says']}\n{said}"
