"""The types that a skops file of this package's estimators names and skops does not trust by itself."""

# Classes that are public, by their public module.
_PUBLIC = (
    "sklearn_llmtokens.TextPipeline",
    "sklearn_llmtokens.embedding.LLMTokenEmbedder",
    "sklearn_llmtokens.exploration.SemanticSearch",
    "sklearn_llmtokens.features.EmbeddingPCA",
    "sklearn_llmtokens.features.TableFeatures",
    "sklearn_llmtokens.linear_model.BlockRidgeClassifier",
    "sklearn_llmtokens.linear_model.BlockRidgeRegressor",
    "sklearn_llmtokens.recommend.Catalog",
    "sklearn_llmtokens.recommend.ContentRecommender",
    "sklearn_llmtokens.recommend.EASERecommender",
    "sklearn_llmtokens.recommend.HybridRecommender",
    "sklearn_llmtokens.recommend.ItemKNNRecommender",
    "sklearn_llmtokens.recommend.PopularityRecommender",
    "sklearn_llmtokens.recommend.RecencyRecommender",
    "sklearn_llmtokens.recommend.SequenceKNNRecommender",
    "sklearn_llmtokens.recommend.TransitionRecommender",
    "sklearn_llmtokens.text.JiebaTokenizer",
    "sklearn_llmtokens.text.TableReader",
    "sklearn_llmtokens.text.TextColumn",
    "sklearn_llmtokens.text.TextNormalizer",
)
# What fitted recommenders and `text_pipeline` are made of: arrays and their names.
_STATE = (
    "sklearn_llmtokens._recipes._few_rows_scaler.FewRowsScaler",
    "sklearn_llmtokens._utils._whitening.Whitening",
    "sklearn_llmtokens.recommend._catalog_part.Part",
    "sklearn_llmtokens.recommend._content_prior.ContentPrior",
    "sklearn_llmtokens.recommend._embedded_items.EmbeddedItems",
    "sklearn_llmtokens.recommend._fusion_weights.FusionWeights",
    "sklearn_llmtokens.recommend._item_item.ItemWeights",
    "sklearn_llmtokens.recommend._item_vectors.DenseItemVectors",
    "sklearn_llmtokens.recommend._item_vectors.SparseItemVectors",
    "sklearn_llmtokens.recommend._known_sequences.KnownSequences",
    "sklearn_llmtokens.recommend._recency.Recency",
    "sklearn_llmtokens.recommend._sequence_knn.Contexts",
)
# Not ours, and needed: stop words; what `text_pipeline` says of sample weights; the splines of `TableFeatures`; the
# matrices of recommenders.
_OTHERS = (
    "builtins.frozenset",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.sparse._csr.csr_array",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)


def trusted_types() -> list[str]:
    """Return the types to trust where a skops file has estimators of this package.

    For ``skops.io.load(file, trusted=...)`` and ``mlflow.sklearn.log_model(..., skops_trusted_types=...)``. None of
    them runs code of a checkpoint or of the file: they hold parameters, arrays and texts.

    Returns
    -------
    list of str
        Full names: estimators and catalogues, parts of the fitted state of recommenders, and few classes of SciPy and
        scikit-learn that skops does not trust by itself. Types of other packages in your pipeline are not among them.

    Notes
    -----
    `skops.io.get_untrusted_types` lists what a file asks for. Look at names that are not in this list before you trust
    them.

    Examples
    --------
    >>> import skops.io
    >>> from sklearn_llmtokens import LLMTokenEmbedder, trusted_types
    >>> data = skops.io.dumps(LLMTokenEmbedder("zh-nano").fit(["很好"]))
    >>> skops.io.loads(data, trusted=trusted_types()).transform(["很好"]).shape
    (1, 448)
    """
    return sorted([*_PUBLIC, *_STATE, *_OTHERS])
