"""What each room does, once on PostgreSQL: the tests of the rooms that go furthest, with a board on
a server. `make gate-board PARTS=rooms-postgresql` runs all of them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import test_board_centre as centre
from tests.end_to_end import test_board_entry as entry
from tests.end_to_end import test_board_history as history
from tests.end_to_end import test_board_meeting as meeting
from tests.end_to_end import test_board_overrule as overrule
from tests.end_to_end import test_board_people as people
from tests.end_to_end import test_board_routes as routes
from tests.end_to_end import test_board_what_if as what_if
from tests.support.board import Visitor, new_board, stock
from tests.support.databases import NewDatabase

from rearm.board.board import Board
from rearm.board.store.audit import verify

pytestmark = pytest.mark.slow

ROOMS: tuple[Callable[..., None], ...] = (
    routes.test_the_worklist_shows_who_is_where_and_what_is_missing,
    routes.test_a_patient_moves_over_the_worklist,
    routes.test_two_decide_at_once_and_both_texts_stand_there,
    entry.test_two_change_one_record_and_both_texts_stand_there,
    entry.test_an_upload_is_corrected_until_nothing_is_left,
    overrule.test_both_values_stand_wherever_the_fact_is_used,
    what_if.test_nothing_of_it_is_kept_but_that_somebody_looked,
    meeting.test_the_board_decides_patient_after_patient,
    meeting.test_what_became_of_a_decision_enters_record_and_answer,
    history.test_what_the_data_changed,
    centre.test_a_change_of_the_list_makes_answers_older,
    people.test_the_rows_of_roles_are_those_that_were_given,
)


@pytest.fixture
def board(tmp_path: Path, postgres: NewDatabase) -> Iterator[Board]:
    board = new_board(tmp_path / "board", postgres())
    assert board.database.kind.dialect == "postgresql"
    yield board
    board.close()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__.removeprefix("test_"))
def test_on_postgresql(room: Callable[..., None], board: Board) -> None:
    given: dict[str, Any] = {"board": board}
    asked = signature(room).parameters
    if "case" in asked:
        given["case"] = stock(board, "SYN-10")["SYN-10"]
    given["visitor"] = Visitor(board)
    room(**{name: given[name] for name in asked})
    with board.database.reading() as session:
        assert verify(session).faults == ()
