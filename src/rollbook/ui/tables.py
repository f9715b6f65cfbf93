"""The table of a page as a file: CSV that a spreadsheet opens without running anything, and JSON."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import Response

from rollbook.core import output
from rollbook.core.spreadsheets import spreadsheet_cell

# A name may come from records: no more of it than any system takes, and nothing that ends the header.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST_NAME: Final = 100


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return ``rows`` as a file to save. The byte-order mark is for Excel, which else misreads UTF-8."""
    file_name = _UNSAFE.sub("_", name)[:_LONGEST_NAME] + ".csv"
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell(value) for value in row] for row in rows)
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def json_response(value: object) -> Response:
    """Return ``value`` as JSON; a dataclass is an object, a date is ISO 8601."""
    return Response(output.as_json(value), media_type="application/json")
