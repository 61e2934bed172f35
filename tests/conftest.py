import os
import shutil
import sys

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are tiny: threads would only wait for each other

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tests.checkpoints import FAMILIES, add_sentence_transformers_files, build


def pytest_collection_modifyitems(items):
    """The vocabularies of the small random checkpoints lack most characters: that alone is no error there."""
    is_expected = pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.UnknownTokenWarning")
    for item in items:
        if {"checkpoints", "st_checkpoint"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(is_expected, append=False)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Folders of small random checkpoints by family, built at first use."""
    folder = tmp_path_factory.mktemp("checkpoints")

    class Checkpoints(dict):
        def __missing__(self, kind):
            self[kind] = build(kind, folder / kind)
            return self[kind]

    return Checkpoints()


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def st_checkpoint(checkpoints, tmp_path):
    """Copy a checkpoint of a family, with sentence-transformers files beside it."""

    def make(kind="bert", **conventions):
        folder = shutil.copytree(checkpoints[kind], tmp_path / kind, dirs_exist_ok=True)
        return add_sentence_transformers_files(folder, **conventions)

    return make


@pytest.fixture(autouse=True)
def _fresh_state():
    """Tests do not see each other's vectors or models."""
    yield
    if "torch" in sys.modules:
        from tests.inside import forget_models, forget_vectors

        forget_models()
        forget_vectors()
