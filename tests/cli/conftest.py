from tests.embedding.conftest import source  # noqa: F401
