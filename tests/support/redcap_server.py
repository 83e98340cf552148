"""A small server that answers as the API of REDCap does: records and metadata of one project, to
who shows its token.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

# the heads under which the API gives the columns of the dictionary that is downloaded
API_HEADS = (
    "field_name", "form_name", "section_header", "field_type", "field_label",
    "select_choices_or_calculations", "field_note",
    "text_validation_type_or_show_slider_number", "text_validation_min", "text_validation_max",
    "identifier", "branching_logic", "required_field", "custom_alignment", "question_number",
    "matrix_group_name", "matrix_ranking", "field_annotation",
)  # fmt: skip
_ALWAYS = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")


@dataclass
class RedcapServer:
    """The project that it holds, and what was asked for. `broken`: it answers with a page."""

    token: str
    export: str
    dictionary: str
    broken: bool = False
    asked: list[Mapping[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: Mapping[str, str]) -> tuple[int, str]:
        self.asked.append(asked)
        if self.broken:
            return 200, "<html>Maintenance</html>"
        in_json = asked.get("format") == "json"
        if asked.get("token") != self.token:
            return 403, _refusal("You do not have permissions to use the API", in_json=in_json)
        if asked.get("content") == "metadata":
            _, *rows = csv.reader(io.StringIO(self.dictionary))
            if in_json:
                return 200, json.dumps([dict(zip(API_HEADS, row, strict=True)) for row in rows])
            return 200, _text([API_HEADS, *rows])
        if asked.get("content") == "record" and not in_json:
            return 200, self._records(asked)
        return 400, _refusal("The value of a parameter is not valid", in_json=in_json)

    def _records(self, asked: Mapping[str, str]) -> str:
        fields = {value for key, value in asked.items() if key.startswith("fields[")}
        rows = [*csv.reader(io.StringIO(self.export))]
        kept = [
            index
            for index, head in enumerate(rows[0])
            if head in _ALWAYS or head.partition("___")[0] in fields or head in fields
        ]
        return _text([[row[index] for index in kept] for row in rows])


def _refusal(why: str, *, in_json: bool) -> str:
    return json.dumps({"error": why}) if in_json else f"ERROR: {why}"


def _text(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@contextmanager
def serving(server: RedcapServer) -> Iterator[RedcapServer]:
    """Runs the server on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {key: values[0] for key, values in parse_qs(body).items()}
            status, text = server.answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", "text/csv; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{running.server_port}/api/"
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
