# Rows past the end of a shorter document hold NaN, as a masked softmax may leave it.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    batch_documents = 16

    def predict(self, batch):
        (block,) = self.whole(batch)
        for i, tokens in enumerate(batch):
            block[i, len(tokens) + 1 :] = np.nan
        yield block

    def whole(self, batch):
        self.block_rows = 1 + max(map(len, batch))
        return super().predict(batch)


def load():
    return Entry()
