"""After the database was restored to an earlier hour: files that were written anew since, taken for the old.

Such a database names files that an erasure or a new key has replaced, and that are gone. What replaced them
lies in the folder; it is believed if it opens in the same place and has what its manifest says.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rollbook.core.progress import Report, Silent
from rollbook.ops.archive import catalog
from rollbook.ops.archive.catalog import Archived, owner_in
from rollbook.ops.archive.checksums import Summed
from rollbook.ops.archive.columns import speak_plainly
from rollbook.ops.archive.errors import FileDamaged
from rollbook.ops.archive.exporting import finish, read_back, source_at
from rollbook.ops.archive.files import Place, need_extra
from rollbook.ops.archive.partitions import alone
from rollbook.ops.archive.rules import Keeping
from rollbook.ops.archive.store import SUFFIX, Store, manifest_of
from rollbook.ops.runs import noted

_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class Adopted:
    """Months whose files were gone: those that others took the place of, and those that are ``lost``."""

    adopted: list[Archived]
    lost: list[Archived]


def adopt(where: Keeping, report: Report = _SILENT) -> Adopted:
    """Find for each month whose file is gone the one that was written in its place, and keep that.

    Raises: ``ExtraMissing``; ``ArchiveBusy``; ``RingMissing``; ``KeyUnknown``.
    """
    need_extra()
    done = Adopted([], [])
    with noted(where.owner_url, "archive.adopt") as told, alone(where.owner_url):
        for old in catalog.missing(where.owner_url, where.store):
            report.step(f"{old.table_name} {old.month:%Y-%m}")
            new = _adopted(where, old)
            if new is None:
                done.lost.append(old)
            else:
                done.adopted.append(new)
        told.facts |= {"files": len(done.adopted), "lost": len(done.lost)}
    return done


def _adopted(where: Keeping, old: Archived) -> Archived | None:
    for told in _manifests(where.store, old):
        try:
            return _keep(where, old, told)
        except (FileDamaged, ValueError):  # ValueError: its name is no id
            continue
    return None


def _manifests(store: Store, old: Archived) -> Iterator[dict[str, Any]]:
    """Yield what is told of the tenant's files of a month, the newest first."""
    found = sorted(
        (store.folder / old.table_name).glob(f"{old.month:%Y-%m}-*.json"),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in found:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        file = f"{old.table_name}/{path.stem}{SUFFIX}"
        if isinstance(told, dict) and (told.get("tenant_id"), told.get("file")) == (old.tenant_id, file):
            yield told


def _keep(where: Keeping, old: Archived, told: dict[str, Any]) -> Archived:
    """Prove a file, and let the archive have it in place of the old one.

    Raises: ``FileDamaged``.
    """
    store, file = where.store, str(told["file"])
    place = Place(old.tenant_id, old.table_name, old.month, _id_of(file), str(told.get("key_id")))
    if not store.has(file, int(told.get("size_bytes") or 0)):
        raise FileDamaged(file=file)
    with owner_in(where.owner_url, old.tenant_id) as db:
        speak_plainly(db)
        source = source_at(db, store.path(file), place)
        found = read_back(db, store.path(file), place, source)
        if found != Summed(int(told.get("row_count") or 0), str(told.get("checksum"))):
            raise FileDamaged(file=file)
        new = finish(db, store, place, source, found)
        catalog.keep(db, new)
    return new


def _id_of(file: str) -> str:
    return manifest_of(file).rpartition("-")[2].removesuffix(".json")
