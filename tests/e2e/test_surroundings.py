"""A service that is started with less than a shell gives it."""

from pathlib import Path

import pytest

from tests.e2e.service import Service


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"], ids=["input", "all streams"])
def test_without_standard_streams_it_serves(tmp_path: Path, closed: str) -> None:
    under = ("sh", "-c", f'exec "$0" "$@" {closed}')
    with Service(tmp_path, {"FACE_DATABASE_URL": "memory"}, under=under) as service:
        assert service.client.get("/health/ready").status_code == 200
        assert service.stop() == 0


@pytest.mark.parametrize("umask", ["0777", "0"])
def test_whatever_the_umask_is_only_the_owner_can_change_the_data(
    tmp_path: Path, umask: str, astronaut: bytes
) -> None:
    under = ("sh", "-c", f'umask {umask}; exec "$0" "$@"')
    with Service(tmp_path, under=under, from_nothing=True) as service:
        service.register("Ada", astronaut).raise_for_status()
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "data").rglob("*")}
    assert {mode & 0o622 for mode in modes} == {0o600}
