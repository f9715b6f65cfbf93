"""manifest.csv: the version, and for each table whether it is there in full, in part or not at all."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Final

from rollbook.exchange.oneroster.dialects import DIALECTS, V10, V12, Dialect
from rollbook.exchange.oneroster.tables import MANIFEST_ORDER, TABLES
from rollbook.intake.archive import Archive
from rollbook.intake.members import Member
from rollbook.intake.rejects import Reject

FILE: Final = "manifest.csv"
HEADER: Final = ["propertyName", "value"]
MODES: Final = ("absent", "bulk", "delta")
_KNOWN: Final = {
    "manifest.version",
    "oneroster.version",
    "source.systemName",
    "source.systemCode",
    *(f"file.{name}" for name in TABLES),
}
_VERSIONS: Final = {"1.2": ("1.0",), "1.1": ("1.0", "1"), "1.0": ("1.0", "1")}
_MOST_BYTES: Final = 1 << 20
_PAIR: Final = 2


@dataclass(slots=True)
class Manifest:
    """What a bundle says of itself; ``faults`` is what is wrong with that."""

    dialect: Dialect = V12
    modes: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    faults: list[Reject] = field(default_factory=list)

    def mode(self, table: str) -> str:
        """Return absent, bulk or delta."""
        return self.modes.get(table, "absent")

    @property
    def system(self) -> str | None:
        """The name of the system that the bundle is from."""
        return self.properties.get("source.systemCode") or self.properties.get("source.systemName")

    def fault(self, line: int, column: str | None, reason: str, code: str) -> None:
        """Note what is wrong."""
        self.faults.append(Reject(FILE, line, column, f"{reason} [manifest.{code}]"))


def read_manifest(archive: Archive, *, is_lenient: bool) -> Manifest:
    """Read the manifest, or where there is none, see what the files themselves say."""
    member = archive.find(FILE)
    if member is None:
        return _without_manifest(archive, is_lenient=is_lenient)
    manifest = Manifest()
    rows = list(csv.reader(StringIO(_text(member), newline="")))
    if not rows:
        manifest.fault(1, None, "is empty", "missing_header")
        return manifest
    if rows[0] != HEADER and not (is_lenient and [name.strip().lower() for name in rows[0]] == _LOWER):
        manifest.fault(1, None, "must begin with propertyName,value", "invalid_header")
    _read_properties(manifest, rows[1:])
    _read_version(manifest)
    _read_modes(manifest, is_lenient=is_lenient)
    return manifest


_LOWER: Final = [name.lower() for name in HEADER]


def _text(member: Member) -> str:
    with member.open(lambda _: None) as source:
        parts = bytearray()
        while len(parts) < _MOST_BYTES and (chunk := source.read(_MOST_BYTES)):
            parts += chunk
    return parts.decode("utf-8-sig", errors="replace")


def _without_manifest(archive: Archive, *, is_lenient: bool) -> Manifest:
    """OneRoster 1.0 has no manifest; any other bundle without one is taken for bulk only with leniency."""
    there = [name for name in TABLES if archive.find(f"{name}.csv")]
    first_line = _header_of(archive.find("enrollments.csv")) or _header_of(archive.find("users.csv"))
    is_v10 = {"userSourcedId", "status"} <= set(first_line) and first_line[1:2] == ["classSourcedId"]
    is_v10 |= "userId" in first_line or "agents" in first_line
    manifest = Manifest(V10 if is_v10 else V12, dict.fromkeys(there, "bulk"))
    if not there or not (is_v10 or is_lenient):
        manifest.fault(1, None, "is missing", "file_missing")
    elif not is_v10:
        archive.liberties.take(FILE, "is missing; every file is taken for bulk")
        users = _header_of(archive.find("users.csv"))
        manifest.dialect = DIALECTS["1.1"] if "orgSourcedIds" in users else V12
    return manifest


def _header_of(member: Member | None) -> Sequence[str]:
    if member is None:
        return []
    with member.open(lambda _: None) as source:
        line = source.read(1 << 16).partition(b"\n")[0]
    return [name.strip().strip('"') for name in line.decode("utf-8-sig", errors="replace").split(",")]


def _read_properties(manifest: Manifest, rows: Sequence[Sequence[str]]) -> None:
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        name, value = (row[0].strip(), row[1].strip()) if len(row) == _PAIR else (row[0].strip(), "")
        if len(row) != _PAIR:
            manifest.fault(line, None, f"has {len(row)} values instead of {_PAIR}", "invalid_header")
        elif name not in _KNOWN:
            manifest.fault(line, "propertyName", "is no property of a manifest", "unknown_property")
        elif name in manifest.properties:
            manifest.fault(line, "propertyName", f"repeats {name}", "duplicate_property")
        else:
            manifest.properties[name] = value


def _read_version(manifest: Manifest) -> None:
    said = {name: manifest.properties.get(name) for name in ("manifest.version", "oneroster.version")}
    for name, value in said.items():
        if value is None:
            manifest.fault(1, None, f"does not say {name}", "missing_property")
    version = (said["oneroster.version"] or "1.2").removeprefix("v")
    if version not in DIALECTS:
        known = ", ".join(DIALECTS)
        manifest.fault(1, "oneroster.version", f"is not one of {known}", "invalid_oneroster_version")
        return
    manifest.dialect = DIALECTS[version]
    if (said["manifest.version"] or "1.0") not in _VERSIONS[version]:
        manifest.fault(1, "manifest.version", "is not 1.0", "invalid_manifest_version")


def _read_modes(manifest: Manifest, *, is_lenient: bool) -> None:
    for name in MANIFEST_ORDER:
        mode = manifest.properties.get(f"file.{name}")
        if mode is None:
            if name in manifest.dialect.tables and not is_lenient:
                manifest.fault(1, None, f"does not say file.{name}", "missing_property")
            continue
        mode = mode.lower() if is_lenient else mode
        if mode not in MODES:
            manifest.fault(1, f"file.{name}", f"is not one of {', '.join(MODES)}", "invalid_file_mode")
        else:
            manifest.modes[name] = mode


def write_manifest(modes: Mapping[str, str], *, is_synthetic: bool) -> Iterator[Sequence[str]]:
    """Yield the rows of a 1.2 manifest in which every table is named; it says so if the data are made up."""
    yield HEADER
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.2"
    for name in MANIFEST_ORDER:
        yield f"file.{name}", modes.get(name, "absent")
    yield "source.systemName", "Rollbook, synthetic data" if is_synthetic else "Rollbook"
