"""Argon2 as it is used outside tests: they use a cheaper one (see `tests.support.seeded`)."""

import subprocess
import sys
from pathlib import Path

import pytest
from argon2 import extract_parameters

from service.accounts import passwords
from tests.support.seeded import REAL_HASHER
from tests.support.stopwatch import GIVE_UP_S

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", REAL_HASHER)


def test_a_password_has_the_hash_that_was_made_of_it_and_another_has_not() -> None:
    password_hash = passwords.hash_password("wonderland")
    assert passwords.matches(password_hash, "wonderland")
    assert not passwords.matches(password_hash, "Wonderland")
    assert passwords.hash_password("wonderland") != password_hash  # salted


def test_a_hash_costs_no_less_than_owasp_asks_for() -> None:
    cost = extract_parameters(passwords.hash_password("wonderland"))
    assert (cost.type.name, cost.memory_cost, cost.time_cost, cost.parallelism) == ("ID", 19 * 1024, 2, 1)
    assert (cost.salt_len, cost.hash_len) == (16, 32)


def test_where_there_is_no_member_a_check_costs_the_same_and_says_no() -> None:
    """SECURITY 18."""
    cost = extract_parameters(passwords.hash_password("wonderland"))
    assert extract_parameters(passwords.unmatchable_hash()) == cost
    assert not passwords.matches(None, "wonderland")
    assert not passwords.matches(passwords.unmatchable_hash(), "wonderland")


# Three threads check a password, two of them at once. Ends when their memory has been returned.
CHECK_IN_THREADS = """
import resource
from pathlib import Path
from threading import Thread
from time import sleep
from service.accounts import passwords
from service.accounts.hash_memory import return_memory

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

password_hash = passwords.hash_password("wonderland")
return_memory()
before = resident_bytes()
threads = [Thread(target=passwords.matches, args=(password_hash, "wonderland")) for _ in range(3)]
threads[0].start()
threads[1].start()
threads[0].join()
threads[1].join()
threads[2].start()
threads[2].join()
while resident_bytes() - before > passwords.HASHER.memory_cost * 1024 // 2:
    sleep(0.05)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.own_processes
def test_the_memory_of_hashes_is_returned_whatever_thread_they_were_checked_in() -> None:
    """Each thread of a node kept 19 MiB for its next hash."""
    subprocess.run([sys.executable, "-c", CHECK_IN_THREADS], cwd=ROOT, check=True, timeout=GIVE_UP_S)
