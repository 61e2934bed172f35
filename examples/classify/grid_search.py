"""
One grid search over words, model, PCA and forest
=================================================

Fold after fold, candidate after candidate, the same texts come back. The vectors are kept in a folder that the two
worker processes share, so that each text goes through the model once for each way of pooling it, and not once a fit.
The best model is saved, and loaded in another process.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline

from sklearn_llmtokens import EmbeddingPCA, JiebaTokenizer, LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.plotting import SearchScoreDisplay

# %%
# The pipeline and its grid
# -------------------------
temporary = tempfile.TemporaryDirectory()  # a folder of your own keeps the vectors for later runs
folder = Path(temporary.name)
X, y = load_toy_reviews(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
pipeline = Pipeline(
    [
        ("embedder", LLMTokenEmbedder(word_weights=JiebaTokenizer(), cache=str(folder / "vectors"))),
        ("pca", EmbeddingPCA(random_state=0)),
        ("forest", RandomForestClassifier(n_estimators=60, random_state=0)),
    ]
)
grid = {
    "embedder__word_weights__stop_words": [None, "zh"],
    "embedder__pooling": ["mean", ("mean", "max")],
    "pca__n_components": [32, 64],
    "forest__max_features": ["sqrt", 0.3],
}

# %%
# The search
# ----------
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2)
start = time.perf_counter()
search.fit(X_train, y_train)
n_candidates = len(search.cv_results_["params"])
print(f"{n_candidates} candidates, {3 * n_candidates} fits in {time.perf_counter() - start:.0f} s")
for name, value in search.best_params_.items():
    print(f"  {name} = {value!r}")
accuracy = search.score(X_test, y_test)
print(f"cross-validated {search.best_score_:.3f}, on the rows left out {accuracy:.3f}")

# %%
# Best score of each pair of values
# ---------------------------------
SearchScoreDisplay.from_estimator(search, rows="n_components", columns="pooling")
plt.show()

# %%
# Saving and loading
# ------------------
# A pickle has no weights of the language model. The other process knows nothing of this one but the file.
path = folder / "pipeline.joblib"
joblib.dump(search.best_estimator_, path, compress=3)
joblib.dump(search.best_estimator_["embedder"], folder / "embedder.joblib")
pipeline_bytes, embedder_bytes = path.stat().st_size, (folder / "embedder.joblib").stat().st_size
print(f"{pipeline_bytes / 1e6:.1f} MB, of which the embedder {embedder_bytes / 1e3:.1f} kB")

predict = """
import sys, joblib
from sklearn_llmtokens.datasets import load_toy_reviews
pipeline = joblib.load(sys.argv[1])
print(*pipeline.predict(load_toy_reviews().data), sep=",")
"""
elsewhere = subprocess.run([sys.executable, "-c", predict, path], check=True, capture_output=True, text=True)
same = elsewhere.stdout.strip() == ",".join(map(str, search.predict(X)))
print(f"same predictions in another process: {same}")
temporary.cleanup()
