"""What an embedder does beside scikit-learn's methods: vectors of tokens, a folder for others, care of its cache."""

from dataclasses import replace

from sklearn.utils.validation import check_is_fitted

from .._utils._texts import read_texts
from ._embed import embed_tokens
from ._fitted import cache_of, checkpoint_of, read_cells, resources_of, spec_of
from ._spec import text_keys
from ._unique_texts import find_unique_texts


class OwnMethods:
    """Mixin for the methods of an embedder that scikit-learn has no name for; stands before `BaseEstimator`."""

    def transform_tokens(self, X):
        """Return the vectors of the tokens themselves.

        Parameters
        ----------
        X : list, 1-D array or Series of str
            The texts, one column. Longer ones are cut to what the model reads, also where `long_text` is ``"chunk"``.

        Returns
        -------
        list of TextTokens of length n_texts
            Each with ``tokens`` (list of str), ``offsets`` (n_tokens, 2) in characters of the text, and ``vectors``
            (n_tokens, hidden_size) of float32, without special tokens and without those of the prompt.

        Raises
        ------
        ValueError
            If there is more than one column, or a text is missing.
        """
        check_is_fitted(self)
        table = read_cells(self, X, reset=False)
        if len(table.columns) > 1:
            raise ValueError(f"X has {len(table.columns)} columns; transform_tokens takes one column of texts.")
        column: list[str | None] = ["" if text is None else text for text in table.columns[0]]  # neither has tokens
        unique = find_unique_texts(replace(table, columns=(column,)))
        found = embed_tokens(unique.texts, spec_of(self), resources_of(self))
        return [found[i] for i in unique.inverse.tolist()]

    def export(self, folder):
        """Write the checkpoint and the conventions in use as one folder.

        ``LLMTokenEmbedder(folder)`` gives the same vectors, and so does sentence-transformers where it can express the
        conventions; where it cannot, its configuration is left out of the folder. Model, pooling, layer, prompt,
        `max_length`, `normalize` and `truncate_dim` go with the folder. `word_weights` and `long_text` do not, for they
        say what is done with texts and not how the checkpoint is used: pass them to the new embedder again, and
        `dtype` and `trust_remote_code` too.

        Parameters
        ----------
        folder : str or path-like
            Created; must be empty if it exists.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileExistsError
            If the folder has something in it.
        """
        check_is_fitted(self)
        from ._export import export_checkpoint

        return export_checkpoint(checkpoint_of(self), spec_of(self), folder)

    def forget(self, texts):
        """Erase the vectors of texts from the store, in all settings of this checkpoint.

        Those of every layer, pooling and prompt are gone, whichever embedder put them there. Vectors of other
        checkpoints stay: ask an embedder of each.

        Parameters
        ----------
        texts : list, 1-D array or Series of str
            The texts.

        Returns
        -------
        int
            How many vectors were erased.
        """
        check_is_fitted(self)
        columns = read_texts(texts, missing="keep").columns
        keys = text_keys([text for column in columns for text in column if text is not None])
        return cache_of(self).forget(set(keys))

    def cache_info(self):
        """Return what the store holds and how it was used.

        Returns
        -------
        CacheInfo
            Hits, misses, rows, bytes, bound and place.
        """
        check_is_fitted(self)
        return cache_of(self).info()
