"""One object a patient, its schema, where a course starts, the terminal, the pages, the pictures
and the files.
"""

from __future__ import annotations

import gc
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console
from tests.support.course_builder import (
    condition,
    death,
    infusion,
    lab,
    record,
    serum,
    team,
    therapy,
)

from rearm.cli.response_files import CourseSettings, ResponseDone, ResponseOutputs, run_response
from rearm.export.response_json import response_object, response_schema
from rearm.files import FileNames
from rearm.intake import read
from rearm.interval import Interval
from rearm.outcome.course_notes import CourseNote, course_notes
from rearm.outcome.course_words import endpoint_words, value_words
from rearm.outcome.endpoints import NAMES
from rearm.outcome.patient_course import PatientCourse, patient_course
from rearm.record import Record, Source
from rearm.report.response.page import course_row, response_index, response_page
from rearm.report.response.plots import changes, course_picture, events, segments, spider, swimmer
from rearm.report.response.terminal import print_course

FALL = {-5: 4.0, 28: 1.0, 56: 0.3, 84: 0.3, 112: 1.2, 140: 1.6}
EXAMPLES = Path(__file__).parents[2] / "examples" / "tables"
FIELDS = (
    "patient_id", "day_zero", "criteria", "measurable", "visits", "best_confirmed",
    "best_confirmed_day", "progression_day",
    "relapse_from_cr_day", "clinical_relapse_day", "mrd_negative_days",
    "sustained_mrd_negative_day", "endpoints", "flags",
)  # fmt: skip


def object_of(patient: Record) -> dict[str, Any]:
    return response_object(patient_course(patient))


def written(records: Sequence[Record], **outputs: Any) -> ResponseDone:
    names = FileNames()
    return run_response(records, names, ResponseOutputs(**outputs), CourseSettings())


def index_of(courses: Sequence[PatientCourse]) -> str:
    rows = [course_row(f"{c.record.patient_id}.html", c) for c in courses]
    return response_index(rows, courses, with_course=len(courses))


def plain_record(**parts: object) -> Record:
    return record(**{"infusions": [], **parts})


# ---- the object ----------------


def test_the_object_has_the_fields_and_holds_the_course() -> None:
    found = object_of(record(labs=serum(FALL)))
    jsonschema.validate(found, response_schema())
    assert all(name in found for name in FIELDS)
    assert [(v["day"], v["response"], v["confirmed"]) for v in found["visits"]] == [
        (28, "PR", "PR"), (56, "VGPR", "VGPR"), (84, "VGPR", "VGPR"), (112, "PD", "PD"),
         (140, "PD", "PD"),
    ]  # fmt: skip
    assert (found["best_confirmed"], found["best_confirmed_day"], found["progression_day"]) == (
        "VGPR",
        56,
        112,
    )
    assert found["visits"][0]["values"]["serum_m_protein"] == 1.0
    assert found["visits"][0]["sources"]["serum_m_protein"] == "test: serum_m_protein 28"
    assert (
        found["endpoints"]["PFS"]["status"] == "event" and found["endpoints"]["PFS"]["days"] == 112
    )
    assert set(found["endpoints"]) >= {
        "PFS",
        "TTP",
        "DOR",
        "DFS",
        "TTNT",
        "OS",
        "PFS2",
        "failure-a",
        "failure-d",
    }


@pytest.mark.parametrize(
    "patient",
    [
        record(labs=serum(FALL)),
        plain_record(labs=serum(FALL)),
        plain_record(),
        record(infusions=[infusion(None)]),
        record(labs=[lab("serum_m_protein", 30, 2.0)], deaths=[death(60, "myeloma")]),
        replace(record(labs=serum(FALL)), day_zero=date(2024, 2, 29)),
        record(labs=serum(FALL), conditions=[]),
    ],
    ids=["car-t", "no-car-t", "empty", "undated-infusion", "no-baseline", "dated", "plain"],
)
def test_every_object_follows_the_published_schema(patient: Record) -> None:
    found = object_of(patient)
    jsonschema.Draft202012Validator(
        response_schema(), format_checker=jsonschema.FormatChecker()
    ).validate(found)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_schema_bites() -> None:
    good = object_of(record(labs=serum(FALL)))
    for broken in (
        {**good, "best_confirmed": "nCR"},
        {**good, "visits": [{**good["visits"][0], "response": "BL"}]},
        {k: v for k, v in good.items() if k != "flags"},
        {**good, "unknown_field": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, response_schema())


def test_a_bound_is_shown_as_a_bound() -> None:
    below = lab("serum_m_protein", 28, Interval(0.0, 0.1, high_open=True))
    found = object_of(record(labs=[*serum({-5: 4.0}), below]))
    assert found["visits"][0]["values"]["serum_m_protein"] == {
        "low": 0.0,
        "high": 0.1,
        "low_open": False,
        "high_open": True,
    }
    jsonschema.validate(found, response_schema())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Interval(0.0, 0.1, high_open=True), "<0.1"),
        (Interval(0.0, 0.1), "<=0.1"),
        (Interval(5.0, math.inf, low_open=True), ">5"),
        (Interval(0.1, 0.2), "0.1 to 0.2"),
        (Interval.of(1.2), "1.2"),
        ("negative", "negative"),
    ],
)
def test_bounds_in_words(value: Interval | str, words: str) -> None:
    assert value_words(value) == words


# ---- where a course starts ----------------


def start_of(patient: Record, start: int | None = None) -> tuple[int | None, str]:
    found = patient_course(patient, start=start)
    return found.start, found.start_reason


def test_start_is_the_last_infusion() -> None:
    day, why = start_of(
        record(labs=serum(FALL), infusions=[infusion(0), infusion(100, "cilta-cel")])
    )
    assert day == 100 and "last of 2 infusions" in why
    assert start_of(record(labs=serum(FALL)))[0] == 0


def test_start_without_car_t_is_day_zero_where_it_has_a_baseline() -> None:
    day, why = start_of(
        plain_record(labs=serum(FALL), therapies=[therapy(0, "treatment", agents=("bortezomib",))])
    )
    assert day == 0 and "start of line 1" in why


def test_start_is_the_first_line_with_a_baseline_and_later_results() -> None:
    lines = [
        therapy(-900, "treatment", agents=("bortezomib",), line=1),
        therapy(300, "treatment", agents=("pomalidomide",), line=2),
    ]
    day, why = start_of(plain_record(labs=serum({290: 3.0, 330: 1.0, 360: 1.0}), therapies=lines))
    assert day == 300 and "start of line 2" in why


def test_start_is_the_first_result_where_nothing_else_tells() -> None:
    day, why = start_of(plain_record(labs=serum({14: 3.0, 42: 1.0, 70: 1.0})))
    assert day == 14 and "used as the baseline" in why
    course = patient_course(plain_record(labs=serum({14: 3.0, 42: 1.0, 70: 1.0}))).course
    assert course is not None and course.best_confirmed == "PR"


def test_start_as_asked() -> None:
    day, why = start_of(record(labs=serum(FALL), infusions=[infusion(0), infusion(100)]), start=0)
    assert day == 0 and "as requested" in why


def test_no_day_at_all_is_said() -> None:
    found = object_of(plain_record())
    assert found["visits"] == [] and found["best_confirmed"] == "NE" and found["start"] is None
    assert "no start to count from" in found["flags"][0]["text"]


# ---- flags ----------------


def test_flags_name_what_a_reader_must_know() -> None:
    waiting = object_of(record(labs=serum({k: v for k, v in FALL.items() if k < 140})))
    pending = next(f for f in waiting["flags"] if f["id"] == "progression_unconfirmed")
    assert pending["open"] is True and pending["day"] == 112
    differs = object_of(record(labs=serum(FALL), responses=[team(56, "PD")]))
    assert any(f["id"] == "team_and_laboratory_differ" for f in differs["flags"])
    unread = replace(record(labs=serum(FALL)), set_aside=(lab("kappa_flc", 30, 3.0),))
    assert any(f["id"] == "set_aside" for f in object_of(unread)["flags"])
    assert any(
        f["id"] == "infusion_without_day"
        for f in object_of(record(infusions=[infusion(None)]))["flags"]
    )


def test_notes_say_that_the_disease_has_criteria_of_its_own() -> None:
    amyloid = record(labs=serum(FALL), conditions=[condition("al_amyloidosis", -20)])
    notes = course_notes(patient_course(amyloid))
    assert notes[:2] == [
        CourseNote(
            id="start",
            day=0,
            text="counted from day 0, the infusion of ide-cel",
        ),
        CourseNote(
            id="not_evaluable",
            text="AL amyloidosis has its own response criteria, so it is not evaluable by these",
        ),
    ]
    plain = course_notes(patient_course(record(labs=serum(FALL))))
    assert "not_evaluable" not in {note.id for note in plain}


def test_without_a_start_there_is_no_last_day() -> None:
    assert patient_course(plain_record()).last_day is None
    assert patient_course(plain_record(labs=serum(FALL))).last_day == 140


def test_without_an_infusion_nothing_is_counted_from_its_days() -> None:
    found = patient_course(plain_record(labs=serum(FALL)), origin="apheresis", style="ema")
    assert found.course is not None
    assert found.course.progression_day == 112
    assert tuple(found.endpoints) == NAMES
    assert {(e.status, e.origin, e.style) for e in found.endpoints.values()} == {
        ("not_computable", "apheresis", "ema")
    }
    assert {endpoint_words(e) for e in found.endpoints.values()} == {
        "not computable (without an infusion nothing is counted from its apheresis)"
    }


def test_what_the_team_recorded_stands_beside() -> None:
    patient = record(labs=serum(FALL), responses=[team(90, "PR"), team(-40, "SD")])
    assert [(s["day"], s["response"]) for s in object_of(patient)["stated"]] == [(90, "PR")]
    assert "Recorded by the team: PR (day 90)." in printed(patient)


def test_silence_is_not_read_as_no_progression() -> None:
    assert "do not show whether the disease progressed" in printed(
        record(responses=[team(30, "CR")])
    )
    assert "No progression by day 56" in printed(record(labs=serum({-5: 4.0, 28: 1.0, 56: 0.9})))


# ---- terminal and pages ----------------


def printed(patient: Record, **rest: bool) -> str:
    out = io.StringIO()
    print_course(Console(file=out, width=150), patient_course(patient), **rest)
    return out.getvalue()


def test_terminal_shows_the_course_and_with_trace_the_reasons() -> None:
    short, long = printed(record(labs=serum(FALL))), printed(record(labs=serum(FALL)), trace=True)
    assert (
        "Best confirmed response: VGPR" in short
        and "Confirmed progression on day 112" in short
        and "pd-serum" in short
    )
    assert (
        "75.0 % down from 4 at baseline" not in short
        and "75.0 % down from 4 at baseline" in " ".join(long.split())
    )
    assert "No course" in printed(plain_record())


def test_terminal_does_not_read_markup_in_the_input() -> None:
    assert "[bold]x[/bold]" in printed(
        replace(record(labs=serum(FALL)), patient_id="[bold]x[/bold]")
    )


def test_page_is_whole_and_escapes_the_input() -> None:
    sneaky = replace(record(labs=serum(FALL)), patient_id="<script>alert(1)</script>")
    text = response_page(patient_course(sneaky))
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert (
        "<svg" in text
        and "pd-serum" in text
        and "test: serum_m_protein 28" in text
        and "Endpoints" in text
    )
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "No course" in response_page(patient_course(plain_record()))


def test_index_draws_several_patients_and_says_what_it_leaves_out() -> None:
    found = [
        patient_course(replace(record(labs=serum(FALL)), patient_id=f"P{i}")) for i in range(3)
    ]
    found.append(
        patient_course(
            replace(
                record(labs=[lab("serum_m_protein", -5, 0.2), lab("serum_m_protein", 30, 0.2)]),
                patient_id="low",
            )
        )
    )
    text = index_of(found)
    assert (
        text.count("<svg") == 2
        and "Not drawn, because no such marker was measurable: 1" in text
        and 'href="P0.html"' in text
    )
    # one patient has a picture on the own page
    assert "<svg" not in index_of(found[:1])


# ---- pictures ----------------


def test_change_from_baseline() -> None:
    assert [(c.day, c.percent) for c in changes(patient_course(record(labs=serum(FALL))))] == [
        (0, 0.0), (28, -75.0), (56, -92.5), (84, -92.5), (112, -70.0), (140, -60.0),
    ]  # fmt: skip


def test_change_follows_light_chains_where_they_are_the_measure() -> None:
    labs = [
        lab(t, d, v)
        for d, k in ((-5, 410.0), (28, 110.0), (56, 30.0))
        for t, v in (("kappa_flc", k), ("lambda_flc", 10.0))
    ]
    assert [(c.day, c.percent) for c in changes(patient_course(record(labs=labs)))] == [
        (0, 0.0),
        (28, -75.0),
        (56, -95.0),
    ]


def test_segments_fill_the_lane_without_gaps_until_the_last_contact() -> None:
    patient = replace(
        record(labs=serum(FALL), therapies=[therapy(150, "salvage")]), last_seen_day=200
    )
    lane = segments(patient_course(patient))
    assert lane == [
        (0, 28, "NE"),
        (28, 56, "PR"),
        (56, 112, "VGPR"),
        (112, 150, "PD"),
        (150, 200, "after new therapy"),
    ]
    assert events(patient_course(patient)) == [
        (112, "progression"),
        (150, "new_therapy"),
        (200, "followed_further"),
    ]


def test_death_ends_the_lane_without_an_arrow() -> None:
    patient = record(labs=serum(FALL), deaths=[death(160, "myeloma")])
    assert events(patient_course(patient))[-1] == (160, "death")
    assert segments(patient_course(patient))[-1][1] == 160


def test_pictures_are_drawn_where_there_is_something() -> None:
    found = patient_course(record(labs=serum(FALL)))
    assert len(course_picture(found)["vconcat"]) == 2  # type: ignore[index]
    assert course_picture(patient_course(plain_record())) is None
    assert (
        spider([found])["layer"]
        and swimmer([found, patient_course(plain_record())])["height"] >= 60
    )


def test_a_rise_beyond_the_picture_is_said() -> None:
    beyond = patient_course(record(labs=serum(FALL | {140: 12.0})))
    within = patient_course(record(labs=serum(FALL)))
    words = "A rise of more than 150 % is drawn as a triangle at 150 %."
    assert words in index_of([beyond, within]) and words in response_page(beyond)
    assert words not in index_of([within, within]) and words not in response_page(within)


def test_days_and_legends_have_room() -> None:
    found = patient_course(record(labs=serum(FALL)))
    spider_layer, swimmer_layer = spider([found])["layer"][1], swimmer([found])["layer"][0]
    for layer in (spider_layer, swimmer_layer):
        assert layer["encoding"]["x"]["axis"]["tickCount"] <= 8
    limits = spider_layer["encoding"]["y"]["axis"]
    assert {-90, -50, 25} <= set(limits["values"]) and limits["tickCount"] == len(limits["values"])
    assert spider([found])["padding"]["right"] == swimmer([found])["padding"]["right"] >= 40


# ---- files ----------------


def test_files_of_the_examples(tmp_path: Path) -> None:
    records = read(EXAMPLES).records[:3]
    out = io.StringIO()
    done = written(
        records,
        html=tmp_path / "h",
        json_folder=tmp_path / "j",
        json_lines=out,
        adam=tmp_path / "a",
        fhir=tmp_path / "f",
        study="EX",
    )
    assert done.patients == 3 and not done.failed
    assert (
        len(list((tmp_path / "h").glob("*.html"))) == 4
        and len(list((tmp_path / "j").glob("*.json"))) == 3
    )
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [x["patient_id"] for x in lines] == [r.patient_id for r in records]
    assert (
        json.loads((tmp_path / "j" / f"{lines[0]['patient_id']}.json").read_text())["visits"]
        == lines[0]["visits"]
    )
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        "adrs.parquet",
        "adrs.xpt",
        "adtte.parquet",
        "adtte.xpt",
    }
    assert any("pages" in w for w in done.words())


def test_a_fault_with_one_patient_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rearm.cli.response_files as files
    from rearm.outcome.patient_course import patient_course as real

    def faulty(patient: Record, **rest: object) -> object:
        if patient.patient_id == "bad":
            raise RuntimeError("boom")
        return real(patient, **rest)  # type: ignore[arg-type]

    monkeypatch.delenv("REARM_DEBUG", raising=False)
    monkeypatch.setattr(files, "patient_course", faulty)
    done = written(
        [replace(record(labs=serum(FALL)), patient_id=i) for i in ("a", "bad", "b")],
        json_folder=tmp_path / "j",
        html=tmp_path / "h",
    )
    assert done.patients == 2 and len(done.failed) == 1 and "bad" in done.failed[0]
    assert {p.name for p in (tmp_path / "j").iterdir()} == {"a.json", "b.json"}
    index = (tmp_path / "h" / "index.html").read_text("utf-8")
    assert "<td>bad</td>" in index and "not computed because of an internal error" in index
    assert 'href="a.html"' in index and 'href="b.html"' in index


@pytest.mark.slow
def test_courses_are_written_one_by_one_and_not_kept(tmp_path: Path) -> None:
    """A record is let go before the next but one is made."""
    alive: list[int] = []

    def records() -> Iterator[Record]:
        for n in range(6):
            yield replace(record(labs=serum(FALL)), patient_id=f"streamed-{n}")
            gc.collect()
            ids = [o.patient_id for o in gc.get_objects() if isinstance(o, Record)]
            alive.append(sum(i.startswith("streamed-") for i in ids))

    outputs = ResponseOutputs(json_folder=tmp_path / "j", fhir=tmp_path / "f", adam=tmp_path / "a")
    assert run_response(records(), FileNames(), outputs, CourseSettings()).patients == 6
    assert len(alive) == 6 and max(alive) <= 2


def test_same_input_same_bytes() -> None:
    patient = record(labs=serum(FALL))
    assert json.dumps(response_object(patient_course(patient))) == json.dumps(
        response_object(patient_course(patient))
    )
    assert response_page(patient_course(patient)) == response_page(patient_course(patient))


def test_a_record_of_nothing_is_still_answered() -> None:
    assert object_of(Record(patient_id="x", source=Source("t", "")))["endpoints"] == {}


def test_generated_courses_of_every_type_come_out_in_every_form() -> None:
    from tests.support.imwg_cases import case_record
    from tests.support.imwg_generator import generate

    from rearm.export.fhir import response_bundle

    validator = jsonschema.Draft202012Validator(response_schema())
    for seed in range(80):
        patient, criteria, _, _, _ = case_record(generate(seed))
        found = patient_course(patient, criteria=criteria)
        validator.validate(response_object(found))
        json.dumps(response_bundle(found), allow_nan=False)
        assert response_page(found, with_picture=False)
        print_course(Console(file=io.StringIO(), width=150), found, trace=True)
        lane = segments(found)
        assert all(a[1] == b[0] for a, b in pairwise(lane)) and all(a < b for a, b, _ in lane)
        spider([found]), swimmer([found]), course_picture(found)
