"""What distilled vectors learn to predict: the centred unit vectors of a larger model, in few directions if wanted."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import sparse

from ..._utils._unit_rows import unit_rows

_BATCH_TEXTS = 8192
_MEAN_TEXTS = 32_768  # texts whose vectors give the mean

Transform = Callable[[list[str]], np.ndarray]


class Targets:
    """The teacher's vectors of texts, batch by batch: never more than one batch of them is in memory.

    Their common mean is taken off before and after they are scaled to unit length: raw cosines of many models all lie
    near one value.

    Parameters
    ----------
    transform : callable
        The teacher: texts to (n_texts, n_features).
    texts : sequence of str
        The texts.
    """

    def __init__(self, transform: Transform, texts: Sequence[str]):
        self.transform, self.texts = transform, texts
        some = list(texts[:_MEAN_TEXTS])
        vectors = np.asarray(transform(some))
        if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
            raise ValueError(
                f"The embedder returned {type(vectors).__name__} of {vectors.dtype} and {vectors.ndim} dimension(s): a "
                "row of numbers for each text is expected, and no sparse matrix."
            )
        self.mean = vectors.mean(axis=0)
        rows = unit_rows(vectors - self.mean)
        self.centre = rows.mean(axis=0)
        self.covariance = np.cov(rows, rowvar=False).reshape(rows.shape[1], rows.shape[1])
        self.directions: np.ndarray | None = None

    def keep(self, n_components: int | None, rng: np.random.Generator) -> None:
        """Keep the directions in which the vectors vary most, rotated at random.

        A scaler gives each feature the same variance. Along principal directions it would blow up the weak, noisy ones;
        after a rotation each feature mixes them all.

        Parameters
        ----------
        n_components : int or None
            How many; None keeps the features as they are.
        rng : Generator
            Draws the rotation.

        Raises
        ------
        ValueError
            If the teacher has fewer features.
        """
        if n_components is None:
            return
        if n_components > len(self.mean):
            raise ValueError(f"n_components={n_components} is more than the {len(self.mean)} features of the embedder.")
        leading = np.linalg.eigh(self.covariance)[1][:, ::-1][:, :n_components]
        rotation = np.linalg.qr(rng.normal(size=(n_components, n_components)))[0]
        self.directions = (leading @ rotation).astype(np.float32)

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Return what is predicted for texts: (n_texts, n_components) of float32."""
        vectors = np.asarray(self.transform(list(texts)), dtype=np.float32)
        rows = unit_rows(vectors - self.mean) - self.centre
        return rows if self.directions is None else rows @ self.directions

    def batches(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the places of each batch of texts, and its targets."""
        for start in range(0, len(self.texts), _BATCH_TEXTS):
            part = slice(start, min(start + _BATCH_TEXTS, len(self.texts)))
            yield part, self.of(self.texts[part])

    def moments(self, rows: sparse.csr_array, on_batch: Callable[[int], object] | None = None) -> np.ndarray:
        """Return ``rows.T @ targets``: (n_columns, n_components) of float32."""
        total: np.ndarray | None = None
        for part, targets in self.batches():
            product = rows[part].T @ targets
            total = product if total is None else total + product
            if on_batch is not None:
                on_batch(part.stop - part.start)
        assert total is not None
        return np.asarray(total, dtype=np.float32)
