"""SECURITY.md and docs/explanation/faults.md: the tests that they name exist; what no other test shows (harmless)."""

import pickle
import re
import sqlite3
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet

ROOT = Path(__file__).parents[1]
FILES = ("SECURITY.md", "docs/explanation/faults.md", "docs/explanation/faults_models.md")
PAGES = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in FILES)
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGES)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_a_page_names_is_there(file, name):
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def test_loading_a_pickle_runs_what_it_says(tmp_path):
    data = pickle.dumps(Touch(tmp_path / "ran"))
    assert not (tmp_path / "ran").exists()
    pickle.loads(data)
    assert (tmp_path / "ran").exists()


def test_a_skops_file_names_the_folder_of_the_store(checkpoints, tmp_path):
    import skops.io

    folder = str(tmp_path / "chosen by the file")
    data = skops.io.dumps(LLMTokenEmbedder(str(checkpoints["bert"]), cache=folder).fit(["a"]))
    loaded = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    assert loaded.get_params()["cache"] == folder
    loaded.transform(["a"])
    assert list(Path(folder).glob("*.sqlite3"))


def test_a_store_can_serve_planted_vectors(checkpoints, tmp_path):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors").fit(["a"])
    right = embedder.transform(["a"])
    connection = sqlite3.connect(embedder.cache_info().location)
    ((key,),) = connection.execute("SELECT key FROM vectors").fetchall()
    planted = np.arange(right.size, dtype="<f4").tobytes()
    connection.execute("UPDATE vectors SET vector = ?, crc = ?", (planted, crc32(key + planted)))
    connection.commit()
    connection.close()
    np.testing.assert_array_equal(embedder.transform(["a"])[0], np.arange(right.size))


def test_a_store_confirms_a_suspected_text(checkpoints, tmp_path):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors").fit(["a"])
    embedder.transform(["my secret"])
    before = embedder.cache_info().hits
    embedder.transform(["your secret"])
    assert embedder.cache_info().hits == before
    embedder.transform(["my secret"])
    assert embedder.cache_info().hits == before + 1


@pytest.mark.filterwarnings("ignore:.*arrow.py_extension_type.*")
def test_a_pickle_in_the_schema_of_a_parquet_file_does_not_run(tmp_path):
    about = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Touch(tmp_path / "ran")),
    }
    schema = pa.schema([pa.field("text", pa.string()), pa.field("more", pa.int64(), metadata=about)])
    pq.write_table(pa.table([pa.array(["a", "b"]), pa.array([1, 2])], schema=schema), tmp_path / "texts.parquet")
    (part,) = embed_parquet(tmp_path / "texts.parquet", tmp_path / "vectors")
    assert pq.ParquetFile(part).metadata.num_rows == 2
    assert not (tmp_path / "ran").exists()
