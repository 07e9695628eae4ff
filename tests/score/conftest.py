"""Artifacts written by hand: a uniform model, and whatever a test changes about it."""

import textwrap

import pytest

from paramgolf.score import Deadline, Isolation, Worker

UNIFORM = """
import numpy as np

class Uniform:
    vocab_size = 257
    end_of_document = 256
    batch_documents = 2

    def encode(self, document):
        return np.frombuffer(document, np.uint8).astype(np.int32)

    def decode(self, tokens):
        return tokens.astype(np.uint8).tobytes()

    def predict(self, batch):
        rows = 1 + max(len(tokens) for tokens in batch)
        for start in range(0, rows, 7):
            yield np.zeros((len(batch), min(7, rows - start), self.vocab_size), np.float32)

    def compress(self, documents):
        return b"\\0".join(documents)

    def decompress(self, data):
        return data.split(b"\\0")

Entry = Uniform

def load():
    return Entry()
"""


@pytest.fixture
def write_artifact(zip_entry):
    """Zip an entry.py: the uniform model, then `change`, which may define `class Entry(Uniform)`."""

    def write(change="", *, base=UNIFORM):
        return zip_entry(base + textwrap.dedent(change))

    return write


@pytest.fixture
def start_worker(write_artifact):
    """A worker, in the real sandbox, on the uniform model with `change`."""

    def start(change="", *, seconds=60, **options):
        return Worker(
            write_artifact(change),
            isolation=options.pop("isolation", Isolation.BUBBLEWRAP),
            threads=1,
            deadline=Deadline(seconds),
            **options,
        )

    return start
