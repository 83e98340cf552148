"""Numbers read back from sheets, from the page and from the PDF, beside those of the result.

python -m scripts.sheet_numbers 100
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.support.answered import answered
from tests.support.read_back import (
    numbers_to_tell,
    otherwise_in_pdf,
    untold_in_page,
    untold_in_pdf,
)
from tests.support.results import generated

from rearm.assessment import Assessment
from rearm.report.sheet import sheet
from rearm.report.sheet.pdf import sheet_pdf
from rearm.report.stamp import Stamp

STAMP = Stamp(printed="2026-11-30 08:15 UTC", answer=1, head="0" * 64)


def results(count: int) -> Iterator[tuple[str, Assessment]]:
    """The examples and vignettes, then generated patients, `count` of them in all."""
    known = [*answered().items()][:count]
    yield from known
    for result in generated(count - len(known)) if count > len(known) else ():
        yield result.patient_id, result


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 100
    read, numbers, wrong = 0, 0, 0
    for name, result in results(count):
        html, pdf = sheet(result, STAMP), sheet_pdf(result, STAMP)
        untold = {*untold_in_page(result, html), *untold_in_pdf(result, pdf)}
        other = otherwise_in_pdf(html, pdf)
        read, numbers = read + 1, numbers + len([*numbers_to_tell(result)])
        if untold or other:
            wrong += 1
            print(f"{name}: not told {sorted(untold)}, otherwise in the PDF {other}")
    print(f"{read} sheets, {numbers} numbers of results read back from page and PDF, {wrong} wrong")
    return 1 if wrong or read < count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
