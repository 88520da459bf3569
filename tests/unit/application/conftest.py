import pytest

from tests.unit.application.in_memory_service import InMemoryService


@pytest.fixture
def service() -> InMemoryService:
    return InMemoryService()
