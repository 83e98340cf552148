"""Tables as CSV files or as a workbook that can be sorted: no text in them is computed."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from rearm.characters import formula_free, replaced
from rearm.files import write_text, write_whole

__all__ = ["write_csv_files", "write_workbook"]

Table = Sequence[Sequence[str | int | None]]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_LONGEST = 32_767  # characters that a cell of a workbook holds
# style 1: text, also where it begins like a formula; style 2: the header
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill'
    ' patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/>'
    '<xf xfId="0" quotePrefix="1"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def write_csv_files(folder: Path, tables: Mapping[str, Table]) -> list[Path]:
    """One CSV file (UTF-8) for each table, whole or not at all. A text that a spreadsheet program
    would compute gets an apostrophe in front. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [formula_free(replaced(cell)) if isinstance(cell, str) else cell for cell in row]
            for row in rows
        )
        path = folder / f"{name}.csv"
        write_text(path, text.getvalue())
        written.append(path)
    return written


def write_workbook(path: Path, tables: Mapping[str, Table]) -> Path:
    """An .xlsx with a sheet for each table, its header fixed and with filters. Raises OSError."""
    return write_whole(path, lambda part: _write(part, tables))


def _write(path: Path, tables: Mapping[str, Table]) -> None:
    numbered = list(enumerate(tables, 1))
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, name in numbered
    )
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
        for i, _ in numbered
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
            f"{parts}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
            f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}<Relationship'
            f' Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for i, name in numbered:
            archive.writestr(f"xl/worksheets/sheet{i}.xml", _sheet(tables[name]))


def _sheet(rows: Table) -> str:
    body = "".join(
        f'<row r="{i + 1}">{"".join(_cell(cell, header=i == 0) for cell in row)}</row>'
        for i, row in enumerate(rows)
    )
    last = f"{chr(64 + len(rows[0]))}{len(rows)}"
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        f'</sheetViews><sheetData>{body}</sheetData><autoFilter ref="A1:{last}"/></worksheet>'
    )


def _cell(value: str | int | None, *, header: bool) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    text = escape(replaced(value)[:_LONGEST])
    style = 2 if header else 1
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
