"""The embedded server's configuration, written anew at every start.

What an operator adds to `postgresql.auto.conf` in the cluster is kept, and overrides it.
"""

import os
from contextlib import suppress
from pathlib import Path

ROLE = "face"
DATABASE = "face"
PORT = 5432
"""It is part of the socket's name; the server has no TCP."""

_MIB = 1024 * 1024
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def config_files(client: str, memory: int) -> dict[str, str]:
    """The files' texts by name.

    Args:
        client: the operating system's user who may connect; nobody else may.
        memory: bytes, of the machine or the container.
    """
    return {
        "postgresql.conf": "".join(f"{key} = {value}\n" for key, value in _settings(memory).items()),
        "pg_hba.conf": f"local {DATABASE} {ROLE} peer map=service\n",
        "pg_ident.conf": f'service "{client}" {ROLE}\n',
    }


def machine_memory() -> int:
    """Bytes that this machine, or this container, may use."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _CGROUP_LIMITS:
        # The file is not there, or says "max".
        with suppress(OSError, ValueError):
            limits.append(int(Path(path).read_text(encoding="ascii")))
    return min(limits)


def _settings(memory: int) -> dict[str, str]:
    return {
        "cluster_name": "face",
        # In the cluster's own folder, which only the server's account can enter.
        "listen_addresses": "''",
        "unix_socket_directories": "'.'",
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        # For the most processes that a service may have, and commands beside it.
        "max_connections": "150",
        # A registration that was answered is on the disk.
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        # A segment that is used again keeps what was deleted until it is overwritten; this removes it.
        "wal_recycle": "off",
        "max_logical_replication_workers": "0",
        # The operating system caches the files, too. Audit entries fill all buffers in time, whatever is searched.
        "shared_buffers": "32MB",
        "effective_cache_size": _megabytes(memory // 2, 64, 1024 * 1024),
        "maintenance_work_mem": _megabytes(memory // 32, 32, 1024),
        "work_mem": _megabytes(memory // 512, 4, 64),
        # Without it the first gives SIGBUS where a container has no huge pages, and the second leaves
        # files in /dev/shm, outside the data directory.
        "huge_pages": "off",
        "dynamic_shared_memory_type": "mmap",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        # A file a weekday. Names and embeddings are in statements, parameters and details: none is logged.
        "logging_collector": "on",
        "log_directory": "'log'",
        "log_filename": "'server-%a.log'",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_checkpoints": "off",
        "log_statement": "'none'",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }


def _megabytes(size: int, least: int, most: int) -> str:
    return f"{min(max(size // _MIB, least), most)}MB"
