import re

import pytest

from adapters.embedded_postgres.cluster_config import config_files, machine_memory
from entrypoints.bootstrap.settings import load_settings
from entrypoints.bootstrap.storage import CONNECTIONS

GIB = 1024**3


def megabytes(key: str, memory: int) -> int:
    found = re.search(rf"^{key} = (\d+)MB$", config_files("me", memory)["postgresql.conf"], re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.parametrize("memory", [GIB // 4, GIB, 16 * GIB, 1024 * GIB])
def test_caches_take_a_small_part_of_the_memory(memory: int) -> None:
    assert megabytes("shared_buffers", memory) == 32
    assert megabytes("maintenance_work_mem", memory) <= 1024


def test_the_most_processes_of_a_service_have_their_connections_and_a_command_beside_them_too() -> None:
    most = load_settings({"FACE_PROCESSES": "16"}).process_count
    found = re.search(r"^max_connections = (\d+)$", config_files("me", GIB)["postgresql.conf"], re.MULTILINE)
    assert found
    assert int(found[1]) > (most + 1) * CONNECTIONS


def test_only_the_services_user_is_mapped_to_the_role() -> None:
    files = config_files("me", GIB)
    assert files["pg_ident.conf"] == 'service "me" face\n'
    assert files["pg_hba.conf"].split() == ["local", "face", "face", "peer", "map=service"]


def test_memory_is_the_machines_or_less() -> None:
    assert 0 < machine_memory() < 1024 * 1024 * GIB
