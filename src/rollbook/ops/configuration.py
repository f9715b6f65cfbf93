"""How a cluster of ours is configured when it is made; ALTER SYSTEM overrides each line."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rollbook.ops.binaries import Binaries

_MIB: Final = 1024 * 1024
_SMALL_SHM_BYTES: Final = 256 * _MIB
_SUMMARIZES_SINCE: Final = 17
FILE: Final = "rollbook.conf"


def backup_configuration(binaries: Binaries) -> dict[str, str]:
    """Return what backups need of a server: little, and without them too.

    A slot whose reader died must not fill the disk; summaries tell an incremental backup what changed.
    """
    options = {"wal_level": "replica", "max_slot_wal_keep_size": "4GB"}
    return options | ({"summarize_wal": "on"} if binaries.major >= _SUMMARIZES_SINCE else {})


def base_configuration(binaries: Binaries) -> str:
    """Return rollbook.conf for this machine's memory and these programs."""
    memory_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
    options = {
        "shared_buffers": f"{_between(128, memory_mib // 8, 1024)}MB",
        "effective_cache_size": f"{_between(256, memory_mib // 2, 16384)}MB",
        "maintenance_work_mem": f"{_between(64, memory_mib // 32, 512)}MB",
        "work_mem": "16MB",
        "max_connections": "100",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "track_io_timing": "on",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_checkpoints": "on",
        "cluster_name": "rollbook",
    }
    if binaries.has_extension("pg_stat_statements"):
        options["shared_preload_libraries"] = "pg_stat_statements"
    if _shared_memory_is_small():
        options["dynamic_shared_memory_type"] = "mmap"
    return _lines(options)


def add_missing(file: Path, binaries: Binaries) -> None:
    """Add to rollbook.conf, new or of an older release, what backups need; what it says already stays."""
    said = file.read_text(encoding="utf-8") if file.is_file() else ""
    named = {line.partition("=")[0].strip() for line in said.splitlines()}
    missing = {name: value for name, value in backup_configuration(binaries).items() if name not in named}
    if said and missing:
        with file.open("a", encoding="utf-8") as conf:
            conf.write(_lines(missing))


def _lines(options: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in options.items())


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _shared_memory_is_small() -> bool:
    """Say whether /dev/shm is too small for parallel queries, as in containers by default (64 MB)."""
    folder = Path("/dev/shm")  # noqa: S108 -- where POSIX shared memory is
    return folder.is_dir() and shutil.disk_usage(folder).total < _SMALL_SHM_BYTES
