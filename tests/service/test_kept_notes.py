"""How many notes are kept: what a visitor may write for nothing cannot fill the disk."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import insert, select

from service.errors import NoCredentials
from service.pages.notes import KEPT, NEWEST, Notes, notes
from tests.support.visitor import APPROACHES, Visitor, add_member


def fill(app: Flask, member_id: str, number: int) -> None:
    """Leave notes `0`, `1`, … as an earlier version did, which kept them all."""
    when = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    rows = [{"member_id": member_id, "text": str(text), "created_at": when} for text in range(number)]
    with app.extensions["database"].writing() as connection:
        for row in rows:
            connection.execute(insert(notes), row)


def kept(app: Flask, member_id: str) -> list[str]:
    """Return the texts of all notes of a member in the database, oldest first."""
    mine = select(notes.c.text).where(notes.c.member_id == member_id).order_by(notes.c.id)
    with app.extensions["database"].reading() as connection:
        return list(connection.scalars(mine))


@pytest.mark.parametrize("approach", APPROACHES)
@pytest.mark.parametrize("before", [0, NEWEST - 1, NEWEST, 3 * NEWEST])
def test_of_those_whom_everybody_may_be_in_a_lab_only_what_a_page_shows_is_kept(
    app: Flask, approach: str, before: int
) -> None:
    visitor = Visitor(app, approach).login("load-0007")
    member_id = "guest" if approach == "open" else "load-0007"
    fill(app, member_id, before)
    for text in ("the last but one", "the last"):
        assert visitor.post("notes", json={"text": text}).status_code == 201
    last = ["the last but one", "the last"]
    assert kept(app, member_id) == [*map(str, range(before)), *last][-NEWEST:]
    shown = [note["text"] for note in visitor.get("notes").get_json()["notes"]]
    assert shown == kept(app, member_id)[::-1]


@pytest.mark.parametrize("before", [KEPT - 1, KEPT, KEPT + 7])
def test_of_another_member_a_thousand_are_kept(app: Flask, before: int) -> None:
    add_member(app, "dana", "all her own words")
    fill(app, "dana", before)
    fill(app, "alice", NEWEST)
    dana = Visitor(app, "session").login("dana", "all her own words")
    assert dana.post("notes", json={"text": "the last"}).status_code == 201
    assert kept(app, "dana") == [*map(str, range(before)), "the last"][-KEPT:]
    assert len(kept(app, "alice")) == NEWEST  # another member's are left alone


@pytest.mark.parametrize("username", ["guest", "alice", "bob", "carol", "load-0001", "load-1000"])
def test_no_member_that_a_lab_brings_can_be_filled(app: Flask, username: str) -> None:
    notes = Notes(app.extensions["database"])
    for text in range(NEWEST + 5):
        notes.add(username, str(text))
    assert kept(app, username) == [str(text) for text in range(5, NEWEST + 5)]


def test_a_note_is_added_and_the_oldest_taken_away_at_once_or_neither(app: Flask) -> None:
    fill(app, "alice", NEWEST)
    with app.extensions["database"].engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER keep BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'kept'); END")
    with pytest.raises(NoCredentials):  # which is how a refused constraint is told
        Notes(app.extensions["database"]).add("alice", "the last")
    assert kept(app, "alice") == [str(text) for text in range(NEWEST)]
