"""What the content of items says of which item predicts which, before any click: a prior for item-item regressions."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from sklearn.decomposition import TruncatedSVD

from .._utils._unit_rows import row_norms
from ._embedded_items import EmbeddedItems

_L2 = 2.0  # ridge of the regression, whose vectors have unit length
_MOST_COMPONENTS = 512
_COLUMNS = 1024  # that are multiplied at once


@dataclass(frozen=True)
class ContentPrior:
    """Weights ``C`` of the regression of each item on all others over the features of their vectors, those above 0.

    With ``X`` of shape (n_features, n_items) the centred vectors of unit length in its columns, ``C`` is the closed
    form of EASE [1]_ on ``X``: ``I - P / diag(P)`` with ``P = (X^T X + l2 I)^-1``. By Woodbury's identity, it is the
    product of two thin matrices outside its diagonal of zeros. It is the prior of regressions on clicks in L3AE [2]_.

    Attributes
    ----------
    components : ndarray of shape (n_features, n_raw_features) or None
        Principal components that sparse vectors are projected on.
    mean : ndarray of shape (n_features,), dtype=float32
        What is subtracted from vectors.
    factor : ndarray of shape (n_features, n_features), dtype=float32
        Inverse of the lower Cholesky factor of ``X X^T + l2 I``.
    left, right : ndarray of shape (n_items, n_features), dtype=float32
        ``C[i, j] = max(left[i] @ right[j], 0)`` where i is not j: an item that is unlike another says nothing of it.

    References
    ----------
    .. [1] Harald Steck. "Embarrassingly Shallow Autoencoders for Sparse Data". WWW 2019. arXiv:1905.03375.
    .. [2] Jaewan Moon, Seongmin Park, Jongwuk Lee. "LLM-Enhanced Linear Autoencoders for Recommendation". CIKM 2025.
       arXiv:2508.13500.
    """

    components: np.ndarray | None
    mean: np.ndarray
    factor: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, items: EmbeddedItems) -> "ContentPrior":
        """Compute the prior of a catalogue from the vectors of its items."""
        raw, components = items.raw, None
        if sparse.issparse(raw):
            n_components = min(_MOST_COMPONENTS, raw.shape[1] - 1, raw.shape[0])
            if n_components < 1:
                raw = raw.toarray()
            else:
                reduction = TruncatedSVD(n_components, random_state=0, n_iter=3)
                with np.errstate(divide="ignore", invalid="ignore"):  # of the share of variance, where there is none
                    reduction.fit(raw[items.has_content])
                components = reduction.components_
                raw = raw @ components.T
        mean = raw[items.has_content].mean(axis=0, dtype=np.float64).astype(np.float32)
        vectors = _centred(raw, mean, items.has_content)
        gram = vectors.T.astype(np.float64) @ vectors
        gram[np.diag_indices_from(gram)] += _L2
        lower = np.linalg.cholesky(gram)
        factor = linalg.solve_triangular(lower, np.eye(len(gram)), lower=True).astype(np.float32)
        left = vectors @ factor.T
        leverage = np.einsum("ij,ij->i", left, left, dtype=np.float64)
        right = left / (1 - leverage)[:, np.newaxis].astype(np.float32)
        return cls(components, mean, factor, left, right)

    def extended(self, idx: np.ndarray, items: EmbeddedItems) -> tuple["ContentPrior", np.ndarray]:
        """Return the prior with other items at `idx`, ascending, and which of them have another vector than before.

        Items past the end make it longer. The regression has not seen a vector that is new: it has no leverage.
        """
        raw = items.raw if self.components is None else items.raw @ self.components.T
        new = _centred(raw, self.mean, items.has_content) @ self.factor.T
        n_items = max(len(self.left), int(idx[-1]) + 1)
        left, right = (np.zeros((n_items, new.shape[1]), dtype=np.float32) for _ in range(2))
        left[: len(self.left)], right[: len(self.right)] = self.left, self.right
        is_other = (idx >= len(self.left)) | ~np.isclose(left[idx], new, atol=1e-6).all(axis=1)
        changed = idx[is_other]
        left[changed] = right[changed] = new[is_other]
        return ContentPrior(self.components, self.mean, self.factor, left, right), changed

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of the weights, shape (n, n_items), dtype=float32."""
        out = np.maximum(self.left[rows] @ self.right.T, 0)
        out[np.arange(len(rows)), rows] = 0
        return out

    def columns(self, columns: np.ndarray) -> np.ndarray:
        """Return columns of the weights, shape (n_items, n), dtype=float32."""
        out = np.maximum(self.left @ self.right[columns].T, 0)
        out[columns, np.arange(len(columns))] = 0
        return out

    def largest(self, n: int, columns: np.ndarray) -> sparse.csc_array:
        """Return columns of the weights with their `n` largest entries alone, and ties, shape (n_items, n_columns)."""
        n = min(n, len(self.left))
        rows, values, counts = [np.empty(0, np.intp)], [np.empty(0, np.float32)], [np.empty(0, np.intp)]
        for start in range(0, len(columns), _COLUMNS):
            part = columns[start : start + _COLUMNS]
            weights = np.maximum(self.right[part] @ self.left.T, 0)
            weights[np.arange(len(part)), part] = 0
            least = np.partition(weights, weights.shape[1] - n, axis=1)[:, weights.shape[1] - n]
            kept = weights >= np.maximum(least, np.finfo(np.float32).tiny)[:, np.newaxis]
            counts.append(kept.sum(axis=1))
            rows.append(np.nonzero(kept)[1])
            values.append(weights[kept])
        indptr = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        shape = (len(self.left), len(columns))
        return sparse.csc_array((np.concatenate(values), np.concatenate(rows), indptr), shape=shape)

    def product(self, matrix: np.ndarray) -> np.ndarray:
        """Return the product of a matrix and the weights, of the dtype of `matrix`, shape (n, n_items)."""
        out = np.empty((len(matrix), len(self.left)), dtype=matrix.dtype)
        for start in range(0, len(self.left), _COLUMNS):
            part = np.arange(start, min(start + _COLUMNS, len(self.left)))
            out[:, part] = matrix @ self.columns(part).astype(matrix.dtype)
        return out


def _centred(raw: np.ndarray, mean: np.ndarray, has_content: np.ndarray) -> np.ndarray:
    """Return centred vectors of unit length, float32; zeros for items without content or at the mean."""
    out = np.zeros(raw.shape, dtype=np.float32)
    centred = (raw[has_content] - mean).astype(np.float32)
    norms = row_norms(centred)
    is_mean = norms <= 8 * np.finfo(np.float32).eps * max(float(row_norms(mean[np.newaxis])[0]), 1e-30)
    out[has_content] = np.divide(
        centred, norms[:, np.newaxis], out=np.zeros_like(centred), where=~is_mean[:, np.newaxis]
    )
    return out
