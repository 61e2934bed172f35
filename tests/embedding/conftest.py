import shutil
from importlib.metadata import entry_points

import pytest

from tests.inside import spy_on_texts


def main(arguments):
    """Run the installed command `sklearn-llmtokens` in this process."""
    (command,) = entry_points(group="console_scripts", name="sklearn-llmtokens")
    return command.load()(arguments)


@pytest.fixture
def texts_through_the_model(monkeypatch):
    """The texts that were encoded, in order."""
    return spy_on_texts(monkeypatch)


@pytest.fixture
def source(tmp_path):
    """A Parquet file of a hundred texts in row groups of thirty."""
    import pyarrow.parquet as pq

    from tests.embedding.parquet_helpers import table

    pq.write_table(table(), tmp_path / "reviews.parquet", row_group_size=30)
    return tmp_path / "reviews.parquet"


@pytest.fixture
def folder(checkpoints, tmp_path):
    """A copy of a checkpoint that a test may damage."""
    return shutil.copytree(checkpoints["bert"], tmp_path / "bert")
