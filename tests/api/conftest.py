"""Artifacts written by hand, which a test changes: bytes, each with a fixed price."""

import textwrap

import pytest

import paramgolf

BYTES = """
import numpy as np

class Bytes:
    # A space costs 1 bit, every other byte and the end of a document 9.
    vocab_size = 257
    end_of_document = 256
    batch_documents = 2

    def encode(self, document):
        return np.frombuffer(document, np.uint8).astype(np.int32)

    def decode(self, tokens):
        return np.asarray(tokens).astype(np.uint8).tobytes()

    def predict(self, batch):
        rows = 1 + max(len(tokens) for tokens in batch)
        logits = np.zeros((len(batch), rows, self.vocab_size), np.float32)
        logits[:, :, 32] = 8 * np.log(2)
        yield logits

    def compress(self, documents):
        return b"\\0".join(documents)

    def decompress(self, data):
        return data.split(b"\\0")

Entry = Bytes

def load():
    return Entry()
"""


@pytest.fixture
def write_artifact(zip_entry):
    """Zip an entry.py: the model of bytes, then `change`, which may define `class Entry(Bytes)`."""

    def write(change=""):
        return zip_entry(BYTES + textwrap.dedent(change))

    return write


@pytest.fixture
def load(write_artifact):
    """A model, in the sandbox, of an artifact with `change`."""
    opened = []

    def load(change="", **options):
        opened.append(paramgolf.load(write_artifact(change), **options))
        return opened[-1]

    yield load
    for model in opened:
        model.close()
