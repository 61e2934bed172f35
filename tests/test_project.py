"""What holds for the package as a whole: what an import loads, what is documented, where private names come from."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.validate import ERROR_MSGS, validate
from sklearn.base import BaseEstimator

import sklearn_llmtokens

ROOT = Path(sklearn_llmtokens.__file__).parent
PUBLIC_MODULES = [
    "sklearn_llmtokens",
    *(f"sklearn_llmtokens.{m.name}" for m in pkgutil.iter_modules([str(ROOT)]) if not m.name.startswith("_")),
]
HEAVY = {"torch", "transformers", "tokenizers", "matplotlib", "pandas", "polars", "pyarrow", "dask", "ray", "pytest"}

# Every check of numpydoc, but three that a reader would not miss everywhere: an extended summary (ES01), which a method
# such as `set_output` does not need; a section "See Also" (SA01) and one of examples (EX01) in every method.
DOCSTRING_ERRORS = set(ERROR_MSGS) - {"ES01", "SA01", "EX01"}


def public_objects():
    """Each public function, class and method of a class by its dotted name."""
    found = {}
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                found[f"{module_name}.{name}"] = value
            if inspect.isclass(value):
                found |= {f"{module_name}.{name}.{method}": getattr(value, method) for method in own_methods(value)}
    return found


def own_methods(cls):
    """Names of the public methods and properties that this package wrote, not those that it inherits."""
    classes = [base for base in cls.__mro__ if base.__module__.startswith("sklearn_llmtokens")]
    return sorted(
        {
            name
            for base in classes
            for name, value in vars(base).items()
            if not name.startswith("_")
            and (callable(value) or isinstance(value, property | classmethod | staticmethod))
        }
    )


OBJECTS = public_objects()
ESTIMATORS = {
    value.__name__: value for value in OBJECTS.values() if inspect.isclass(value) and issubclass(value, BaseEstimator)
}


@pytest.mark.parametrize("path", [path for path, value in OBJECTS.items() if inspect.isclass(value)])
def test_public_classes_name_a_public_module(path):
    module = OBJECTS[path].__module__
    assert module in PUBLIC_MODULES
    assert getattr(importlib.import_module(module), OBJECTS[path].__name__) is OBJECTS[path]


def loaded_by(*statements: str) -> dict[str, set[str]]:
    """What each statement loads of HEAVY in a fresh interpreter, beyond what scikit-learn and those before it load."""
    code = f"""
import sys
import sklearn.decomposition, sklearn.pipeline
seen = set(sys.modules)
for statement in {statements!r}:
    exec(statement)
    print(statement, *(sys.modules.keys() - seen) & {HEAVY!r}, sep="|")
    seen |= set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [line.split("|") for line in done.stdout.splitlines()]
    return {statement: set(heavy) for statement, *heavy in lines}


def test_imports_load_nothing_heavy():
    statements = [
        *(f"import {module}" for module in PUBLIC_MODULES),
        "from sklearn_llmtokens import *",
        "from sklearn.base import clone; clone(LLMTokenEmbedder())",
    ]
    assert loaded_by(*statements) == {statement: set() for statement in statements}


def test_what_is_heavy_would_be_noticed():
    assert loaded_by("import sklearn_llmtokens.text", "import matplotlib") == {
        "import sklearn_llmtokens.text": set(),
        "import matplotlib": {"matplotlib"},
    }


def test_modules_hold_one_idea():
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py"))
    assert lengths[-1] <= 400
    assert lengths[len(lengths) // 2] < 150


# This set only shrinks: tests import what users import.
TESTS_WITH_PRIVATE_IMPORTS = {
    "inside.py",  # looks inside and places to break, gathered
    # pure functions, each compared with loops or with another library
    "embedding/test_batches.py",  # batches and orders
    "embedding/test_int8.py",  # 8-bit products
    "embedding/test_strategies.py",  # hidden states, compared with those of transformers
    "linear_model/test_kernel_ridge.py",  # leave-one-out beside refits
    "test_distill.py",  # the ridge of words beside its normal equations
    "recommend/test_content.py",  # whitening, growing blocks of vectors
    "recommend/test_histories.py",  # flat arrays of histories
    "recommend/test_item_item.py",  # Gram matrices and their inverses
    "recommend/test_known_sequences.py",  # counts of hashed sequences
    "recommend/test_latest_slice.py",  # the latest slice of time
    "recommend/test_softmax_weights.py",  # weights of fusions
    "utils/test_distinct.py",  # equal texts
    "utils/test_columns.py",  # one column of any container
    "utils/test_top_k.py",  # top-k
}


def private_imports(path):
    """Names that a file imports, and dotted paths in its strings, that have a private part of this package."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names += re.findall(r"(?:from|import) (sklearn_llmtokens[\w.]*)|^(sklearn_llmtokens\.[\w.]+)$", node.value)
    names = [name if isinstance(name, str) else "".join(name) for name in names]
    return [name for name in names if name.startswith("sklearn_llmtokens.") and re.search(r"\._(?!_)", name)]


def test_private_imports_of_tests_only_shrink():
    folder = Path(__file__).parent
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if private_imports(path)}
    assert found == TESTS_WITH_PRIVATE_IMPORTS
    assert len(found) <= 15


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_a_public_package_lists_what_is_public(module):
    names = importlib.import_module(module).__all__
    assert sorted(names) == sorted(set(names))
    assert all(hasattr(importlib.import_module(module), name) for name in names)


@pytest.mark.parametrize("name", OBJECTS)
def test_public_objects_are_documented(name):
    assert [error for error in validate(name)["errors"] if error[0] in DOCSTRING_ERRORS] == []


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_parameter_of_an_estimator_has_a_constraint_in_the_same_order(name):
    cls = ESTIMATORS[name]
    assert list(cls._parameter_constraints) == list(inspect.signature(cls).parameters)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_parameters_after_the_first_are_keyword_only(name):
    kinds = [parameter.kind for parameter in inspect.signature(ESTIMATORS[name]).parameters.values()]
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for kind in kinds[1:])


@pytest.mark.parametrize("path", [path for path in sorted(ROOT.rglob("*.py")) if path.name != "_sklearn.py"], ids=str)
def test_private_names_of_scikit_learn_come_through_one_file(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sklearn" and not node.level:
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            assert not [name for name in names if name.startswith("_")], f"line {node.lineno}"
