"""The ordered checksum of rows, computed by PostgreSQL: SHA-256 over blocks of the rows' own.

Texts are ordered by their bytes, so that a server of another locale finds the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql
from sqlalchemy.orm import Session

from rollbook.ops.archive.columns import Column, listed, ordered
from rollbook.ops.archive.raw import execute

# Blocks, so that no value grows with the month.
_SUM: Final = sql.SQL("""
SELECT
    coalesce(sum(size), 0)::bigint,
    encode(sha256(coalesce(string_agg(block, ''::bytea ORDER BY no), '')), 'hex')
FROM (
    SELECT no / 8192 AS no, count(*) AS size, sha256(string_agg(leaf, ''::bytea ORDER BY no)) AS block
    FROM (
        SELECT
            row_number() OVER (ORDER BY {key}) AS no,
            sha256(convert_to(row({columns})::text, 'UTF8')) AS leaf
        FROM {relation}
        WHERE tenant_id = %s
    ) AS leaves
    GROUP BY leaves.no / 8192
) AS blocks
""")


@dataclass(frozen=True, slots=True)
class Summed:
    """How many rows, and their checksum."""

    rows: int
    checksum: str


def checksum(
    db: Session, relation: sql.Identifier, tenant_id: int, columns: Sequence[Column], key: Sequence[str]
) -> Summed:
    """Return the checksum of a tenant's rows; ``db`` has to speak plainly."""
    statement = _SUM.format(key=ordered(columns, key), columns=listed(columns), relation=relation)
    rows, summed = execute(db, statement, (tenant_id,)).fetchone() or (0, "")
    return Summed(rows, summed)
