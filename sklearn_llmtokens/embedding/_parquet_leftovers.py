"""Temporary files that killed processes have left beside parts."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ._parquet_part import Part


class Leftovers:
    """What lies beside parts; each folder is listed once.

    Parameters
    ----------
    parts : sequence of Part
        The parts.
    """

    def __init__(self, parts: Sequence[Part]):
        self._names = {folder: self._hidden(folder) for folder in {part.path.parent for part in parts}}

    def of(self, part: Part) -> list[Path]:
        """Return what was left beside a part."""
        prefix = f".{part.path.name}."
        return [
            part.path.parent / name
            for name in self._names[part.path.parent].get(part.path.name, ())
            if name.removeprefix(prefix) in ("partial", "lock") or name.endswith(".tmp")
        ]

    def remove(self, part: Part, but: Path | None = None) -> None:
        """Remove what was left beside a part, whose lock is held."""
        for path in self.of(part):
            if path != but and path.suffix != ".lock":
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    @staticmethod
    def _hidden(folder: Path) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with suppress(OSError):
            for name in os.listdir(folder):
                if name.startswith("."):
                    of = name[1:].rpartition(".")[0]
                    found.setdefault(of.rpartition(".")[0] if name.endswith(".tmp") else of, []).append(name)
        return found
