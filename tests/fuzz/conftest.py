from tests.text.conftest import judge

__all__ = ["judge"]
