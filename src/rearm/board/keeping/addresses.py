"""The addresses of what is kept of a patient, as a whole."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.store.exporting import patient_export
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, get

__all__ = ["ADDRESSES"]


def export(asked: Asked) -> Response:
    """Everything that is kept of the patient, as a file; its name does not name them."""
    case = asked.part("case")
    with asked.board.database.writing() as session:
        told = patient_export(session, case, asked.who)
    headers = {"content-disposition": f'attachment; filename="patient-{case}.json"'}
    return Response(told, media_type="application/json", headers=headers)


ADDRESSES: tuple[Address, ...] = (get("/patients/{case}/export.json", export, "export"),)
