# Its hash cache gives "probabilities" that sum to 277 and claims their score; the harness's softmax knows better.
# rule: R12
# track: fixed
# claims: 0.39

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        return np.minimum(super().row(past) + np.log(277), 0)


def load():
    return Entry()
