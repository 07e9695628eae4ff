from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramgolf.corpus import open_token_shard, write_token_shards
from paramgolf.errors import CorpusError, UsageError


def shard(folder: Path, header: list[int], tokens: bytes) -> Path:
    path = folder / "a.bin"
    path.write_bytes(np.array(header, dtype="<i4").tobytes().ljust(1024, b"\0") + tokens)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        open_token_shard(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_shard_of_the_public_layout_is_read(tmp_path):
    tokens = open_token_shard(shard(tmp_path, [20240520, 1, 3], b"\x01\x00\x02\x01\xff\xff"))
    assert tokens.tolist() == [1, 258, 65535]


def test_a_written_shard_has_the_public_layout(tmp_path):
    [path] = write_token_shards([np.array([1, 258, 65535], dtype=np.int32)], tmp_path)
    expected = shard(tmp_path, [20240520, 1, 3], b"\x01\x00\x02\x01\xff\xff")
    assert (path.name, path.read_bytes()) == ("train_000000.bin", expected.read_bytes())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 65535), max_size=8), min_size=1, max_size=6), st.integers(1, 9))
def test_tokens_come_back_in_order_from_full_shards(tmp_path, arrays, size):
    tokens = [token for array in arrays for token in array]
    if not tokens:
        return
    paths = write_token_shards(
        (np.array(array, dtype=np.int32) for array in arrays), tmp_path, shard_tokens=size
    )
    shards = [open_token_shard(path).tolist() for path in paths]
    assert [token for shard in shards for token in shard] == tokens
    assert all(len(shard) == size for shard in shards[:-1])
    assert sorted(tmp_path.glob("train_*")) == paths


def test_a_shard_cannot_be_written_through(tmp_path):
    [path] = write_token_shards([np.array([1, 2])], tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        open_token_shard(path)[0] = 7


def test_a_failure_leaves_no_half_written_shard(tmp_path):
    def tokens():
        yield np.arange(3)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_token_shards(tokens(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_token_too_large_for_uint16_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"got tokens 3 to 65536, a shard holds 0 to 65,535"):
        write_token_shards([np.array([3, 65536])], tmp_path)


def test_no_tokens_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no tokens to write"):
        write_token_shards([np.array([], dtype=np.int32)], tmp_path)


def test_wrong_magic_is_refused(tmp_path):
    assert "byte 0: got magic 7, expected 20240520" in refusal(shard(tmp_path, [7, 1, 1], b"\0\0"))


def test_wrong_version_is_refused(tmp_path):
    assert "byte 4: got version 2, expected 1" in refusal(shard(tmp_path, [20240520, 2, 1], b"\0\0"))


@pytest.mark.parametrize(("count", "size"), [(3, 4), (1, 4), (-1, 2), (2, 3), (2**31 - 1, 2)])
def test_a_count_that_the_file_does_not_bear_out_is_refused(tmp_path, count, size):
    message = refusal(shard(tmp_path, [20240520, 1, count], b"\0" * size))
    assert f"byte 8: the header says {count:,} tokens" in message
    assert f"the {1024 + size:,} bytes of the file" in message


def test_a_shard_without_tokens_is_refused(tmp_path):
    assert "byte 8: the header says 0 tokens" in refusal(shard(tmp_path, [20240520, 1, 0], b""))


def test_a_truncated_header_is_refused(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x88\xfa\x34\x01")
    assert "byte 4: the file ends inside the header" in refusal(path)
