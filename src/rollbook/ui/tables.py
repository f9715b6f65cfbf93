"""The table of a page as a file: CSV that a spreadsheet opens without running anything, and JSON."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

from rollbook.core import output
from rollbook.core.spreadsheets import spreadsheet_cell


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return ``rows`` as a file to save. The byte-order mark is for Excel, which else misreads UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell(value) for value in row] for row in rows)
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def json_response(value: object) -> Response:
    """Return ``value`` as JSON; a dataclass is an object, a date is ISO 8601."""
    return Response(output.as_json(value), media_type="application/json")
