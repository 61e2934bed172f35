"""Where the documentation of an estimator stands on the site: the HTML repr of scikit-learn links to it."""

DOCS_URL = "https://sklearn-llmtokens.readthedocs.io/en/latest"  # as in pyproject.toml, which a test compares


class DocumentationLink:
    """Mixin with the address of an estimator's page; stands before `BaseEstimator`.

    scikit-learn fills in the public module and the name. A subclass in another package has no link.
    """

    _doc_link_module = "sklearn_llmtokens"
    _doc_link_template = f"{DOCS_URL}/reference/generated/{{estimator_module}}.{{estimator_name}}.html"
