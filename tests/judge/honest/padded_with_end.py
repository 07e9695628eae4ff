# Pads the documents of a batch with end_of_document and predicts behind their ends as if they went on.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    batch_documents = 16

    def predict(self, batch):
        padded = np.full((len(batch), 1 + max(map(len, batch))), END)
        for i, tokens in enumerate(batch):
            padded[i, 1 : len(tokens) + 1] = tokens
        yield self.table[padded].astype(np.float32)


def load():
    return Entry()
