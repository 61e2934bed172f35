"""The console command ``sklearn-llmtokens``: embed the texts of files, distil and describe checkpoints."""

from ._main import main

__all__ = ["main"]
