"""Where the bytes of an artifact go: rows that sum to the size of the file, exactly."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from paramgolf.common import folders


@dataclass(frozen=True, kw_only=True)
class ByteLedger:
    """Bytes of each kind as they are in the file, that is after deflating; `groups` are those of tensors."""

    code: int
    tokenizer: int
    config: int
    groups: dict[str, int]
    coder_tables: int
    zip_overhead: int

    @property
    def total(self) -> int:
        """Size of the artifact in bytes."""
        return sum(size for _, size in self.rows())

    @property
    def weights(self) -> int:
        """Size of weights.bin in bytes."""
        return sum(self.groups.values()) + self.coder_tables

    def rows(self) -> list[tuple[str, int]]:
        """Label and bytes: the groups of tensors, largest first, then the rest."""
        groups = sorted(self.groups.items(), key=lambda item: -item[1])
        return [
            *((f"weights: {name}", size) for name, size in groups),
            ("entropy-coder tables", self.coder_tables),
            ("code", self.code),
            ("tokenizer", self.tokenizer),
            ("config", self.config),
            ("zip overhead", self.zip_overhead),
        ]

    def to_dict(self) -> dict[str, Any]:
        """All fields and the total, for JSON."""
        return asdict(self) | {"total": self.total}

    def table(self, limit: int | None = None) -> Table:
        """For a terminal; with `limit`, the cap in bytes and what is left below it."""
        table = Table(title="Where the bytes go", show_footer=True)
        table.add_column("part", footer=folders.ARTIFACT)
        table.add_column("bytes", justify="right", footer=f"{self.total:,}")
        table.add_column("share", justify="right", footer="100.0 %")
        for label, size in self.rows():
            table.add_row(label, f"{size:,}", f"{100 * size / self.total:.1f} %")
        if limit is not None:
            table.caption = f"limit {limit:,} bytes, {limit - self.total:,} left"
        return table
