# Asks for all the memory there is at once.
# rule: R17
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        yield np.ones((len(batch), 1 << 32, 257), np.float32)


def load():
    return Entry()
