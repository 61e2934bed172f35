"""Which model: find the checkpoint, pin its revision, take its fingerprint, read the conventions of its training."""

from ._conventions import UNIT_LENGTH, Conventions, DenseLayer, read_conventions
from ._export_file import EXPORT_FILE, EXPORT_VERSION
from ._find import pinned_name, resolve, weight_files
from ._fingerprint import fingerprint, is_fingerprint, recall
from ._folder import Checkpoint
from ._module_files import POOLING_OF_MODE

__all__ = [
    "EXPORT_FILE",
    "EXPORT_VERSION",
    "POOLING_OF_MODE",
    "UNIT_LENGTH",
    "Checkpoint",
    "Conventions",
    "DenseLayer",
    "fingerprint",
    "is_fingerprint",
    "pinned_name",
    "read_conventions",
    "recall",
    "resolve",
    "weight_files",
]
