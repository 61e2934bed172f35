"""The console command ``sklearn-llmtokens``: embed the texts of files, and distil static checkpoints."""

from ._main import main

__all__ = ["main"]
