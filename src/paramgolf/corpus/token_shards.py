"""Token shards, the public game's format: 256 int32 (20240520, 1, token count, zeros), then uint16 tokens."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paramgolf.common.files import atomic_writer
from paramgolf.errors import CorpusError, UsageError

MAGIC = 20240520
VERSION = 1
HEADER_BYTES = 1024
TOKENS_A_SHARD = 100_000_000
LARGEST_VOCABULARY = 65_536  # tokens are stored as uint16
Tokens = NDArray[np.uint16]


def open_token_shard(path: Path) -> "np.memmap[Any, np.dtype[np.uint16]]":
    """The tokens of one shard, memory-mapped and read-only: uint16 [T], T at least 1.

    Raises:
        CorpusError: wrong magic or version, or a count that the size of the file does not bear out.
    """
    size = path.stat().st_size
    if size < HEADER_BYTES:
        raise CorpusError(
            f"{path}: byte {size:,}: the file ends inside the header of {HEADER_BYTES:,} bytes. Get it again."
        )
    magic, version, count = (int(value) for value in np.fromfile(path, dtype="<i4", count=3))
    if magic != MAGIC:
        raise CorpusError(f"{path}: byte 0: got magic {magic}, expected {MAGIC}. This is no token shard.")
    if version != VERSION:
        raise CorpusError(
            f"{path}: byte 4: got version {version}, expected {VERSION}. Export the shard as that version."
        )
    if count < 1 or size != HEADER_BYTES + 2 * count:
        raise CorpusError(
            f"{path}: byte 8: the header says {count:,} tokens, the {size:,} bytes of the file hold "
            f"{(size - HEADER_BYTES) / 2:,.1f}. The file is empty, truncated or overlong; get it again."
        )
    return np.memmap(path, dtype="<u2", mode="r", offset=HEADER_BYTES, shape=(count,))


def write_token_shards(
    tokens: Iterable[NDArray[Any]], folder: Path, *, prefix: str = "train", shard_tokens: int = TOKENS_A_SHARD
) -> list[Path]:
    """Write arrays of tokens, one after the other, as `folder`/`prefix`_000000.bin and on; returns the paths.

    Each shard but the last holds exactly `shard_tokens`, so that an array may span shards. A shard appears
    only when it is whole; shards of that prefix left by an earlier, longer run are removed.

    Raises:
        UsageError: no tokens at all, or a token that uint16 cannot hold.
    """
    pieces = _pieces(tokens, shard_tokens)
    piece = next(pieces, None)
    if piece is None:
        raise UsageError(f"{folder}: no tokens to write. Give at least one document.")
    paths: list[Path] = []
    while piece is not None:
        paths.append(folder / f"{prefix}_{len(paths):06d}.bin")
        with atomic_writer(paths[-1]) as handle:
            handle.write(bytes(HEADER_BYTES))
            count = 0
            while piece is not None and count < shard_tokens:
                handle.write(piece.tobytes())
                count += len(piece)
                piece = next(pieces, None)
            handle.seek(0)
            handle.write(np.array([MAGIC, VERSION, count], dtype="<i4").tobytes())
    for stale in set(folder.glob(f"{prefix}_[0-9][0-9][0-9][0-9][0-9][0-9].bin")) - set(paths):
        stale.unlink()
    return paths


def _pieces(tokens: Iterable[NDArray[Any]], shard_tokens: int) -> Iterator[Tokens]:
    """The arrays as uint16, cut where a shard is full."""
    room = shard_tokens
    for array in tokens:
        if len(array) and (array.min() < 0 or array.max() > 0xFFFF):
            raise UsageError(
                f"got tokens {array.min()} to {array.max()}, a shard holds 0 to 65,535. Use fewer tokens."
            )
        rest = array.astype("<u2")
        while len(rest):
            yield rest[:room]
            taken = min(room, len(rest))
            rest = rest[taken:]
            room = room - taken or shard_tokens
