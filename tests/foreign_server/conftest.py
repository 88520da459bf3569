from tests.e2e.conftest import portraits

__all__ = ["portraits"]
