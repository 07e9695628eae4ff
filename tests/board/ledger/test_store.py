"""Files by their hash: whole or not there."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.board.ledger import store as store_module
from paramgolf.board.ledger.store import Store
from paramgolf.errors import LedgerError, UsageError


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@given(data=st.binary(max_size=200))
def test_what_is_put_comes_back(tmp_path_factory, data):
    store = Store(tmp_path_factory.getbasetemp() / "shared-store")
    name = store.put(data)
    assert store.get(name) == data
    assert store.has(name)
    assert name in store.names()


def test_damage_shows_when_it_is_read_and_is_mended_by_storing_again(store):
    name = store.put(b"the weights")
    path = store.folder / name[:2] / name
    path.write_bytes(b"the weighty")
    with pytest.raises(LedgerError, match="other bytes than its name says"):
        store.get(name)
    store.put(b"the weights")
    assert store.get(name) == b"the weights"


@pytest.mark.parametrize("make", [lambda p: None, os.mkfifo, lambda p: p.symlink_to("/etc/passwd")])
def test_what_is_no_plain_file_is_not_read(store, make):
    name = store.put(b"data")
    path = store.folder / name[:2] / name
    path.unlink()
    make(path)
    with pytest.raises(LedgerError, match="Bring it back"):
        store.get(name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "a" * 63])
def test_only_a_hash_is_a_name(store, name):
    with pytest.raises(UsageError, match="no SHA-256"):
        store.get(name)


def test_a_file_over_the_limit_is_not_taken(store, monkeypatch):
    monkeypatch.setattr(store_module, "LARGEST_FILE", 10)
    with pytest.raises(UsageError, match="11 bytes"):
        store.put(b"x" * 11)
    assert list(store.names()) == []
