# Is strict with what it is given and raises on anything that the protocol does not promise.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    def encode(self, document):
        if type(document) is not bytes:
            raise TypeError(f"a document is bytes, not {type(document).__name__}")
        return super().encode(document)

    def predict(self, batch):
        for tokens in batch:
            if (
                tokens.dtype != np.int32
                or tokens.ndim != 1
                or (tokens.size and not 0 <= tokens.min() <= tokens.max() < END)
            ):
                raise ValueError("a batch is a list of flat int32 arrays of bytes")
        if not 1 <= len(batch) <= self.batch_documents:
            raise ValueError(f"{len(batch)} documents at once, where {self.batch_documents} were agreed")
        yield from super().predict(batch)


def load():
    return Entry()
