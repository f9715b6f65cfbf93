"""How a cluster of ours is configured when it is made; ALTER SYSTEM overrides each line."""

import os
import shutil
from pathlib import Path
from typing import Final

from rollbook.ops.binaries import Binaries

_MIB: Final = 1024 * 1024
_SMALL_SHM_BYTES: Final = 256 * _MIB


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
    return "".join(f"{name} = '{value}'\n" for name, value in options.items())


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _shared_memory_is_small() -> bool:
    """Say whether /dev/shm is too small for parallel queries, as in containers by default (64 MB)."""
    folder = Path("/dev/shm")  # noqa: S108 -- where POSIX shared memory is
    return folder.is_dir() and shutil.disk_usage(folder).total < _SMALL_SHM_BYTES
