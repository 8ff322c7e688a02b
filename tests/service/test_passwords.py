"""Argon2 as it is used outside tests: they use a cheaper one (see `tests.support.seeded`)."""

import pytest
from argon2 import extract_parameters

from service.accounts import passwords
from tests.support.seeded import REAL_HASHER


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
    assert extract_parameters(passwords.no_members_hash()) == cost
    assert not passwords.matches(None, "wonderland")
    assert not passwords.matches(passwords.no_members_hash(), "wonderland")
