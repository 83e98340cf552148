"""The known answers of the self-test beside those of today: `python -m scripts.known_answers`.

With `--write` today's become the known ones. Read what moved first: it is what users will be told
otherwise, and a change of knowledge that was not meant to reach a patient is seen here.
"""

from __future__ import annotations

import json
import sys
from datetime import date

from rearm.assessment import assess
from rearm.intake import read
from rearm.self_test.answers import ANSWERS, BUNDLE, TABLES, Codes, codes_of, known_patients

_HEAD = """\
# The ten patients of `rearm self-test` with the codes of their answers. All of them are invented.
# `python -m scripts.known_answers` prints what an answer of today says otherwise; --write keeps it.
"""


def today() -> dict[str, Codes]:
    """The answers that this tree gives, by patient."""
    return {
        record.patient_id: codes_of(assess(record))
        for source in (TABLES, BUNDLE)
        for record in read(source, today=date(2026, 1, 1)).records
    }


def _entry(name: str, title: str, codes: Codes) -> str:
    lines = [f"id = {json.dumps(name)}", f"title = {json.dumps(title)}", "[patient.answer]"]
    for field in codes.__struct_fields__:
        value = getattr(codes, field)
        text = json.dumps(value if isinstance(value, str) else list(value))
        if len(text) > 80:
            text = "[\n" + "".join(f"  {json.dumps(x)},\n" for x in value) + "]"
        lines.append(f"{field} = {text}")
    return "\n[[patient]]\n" + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    now = today()
    known = known_patients()
    for one in known:
        for difference in one.answer.differences(now[one.id]):
            print(f"{one.id}: {difference}")
    if "--write" in arguments:
        entries = (_entry(one.id, one.title, now[one.id]) for one in known)
        ANSWERS.write_text(_HEAD + "".join(entries), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
