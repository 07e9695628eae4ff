# Attention over earlier pairs of tokens: one masked product in predict, a cache of keys step by step in the codec.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.embedding = np.random.default_rng(1).normal(0, 0.25, (2, 257, 32)).astype(np.float32)

    def stepper(self):
        return Cached(self)

    def mix(self, order1, weights, values):
        """order1 [..., V]; weights [..., L] before their exponential; values [L] token ids."""
        weights = np.exp(np.minimum(weights, 20))
        copied = weights @ np.eye(257, dtype=np.float32)[values]
        share = copied.sum(-1, keepdims=True)
        return np.log((copied + 20000 * np.exp(order1)) / (share + 20000))

    def rows(self, tokens):
        line = np.array([END, END, *tokens])
        keys = self.embedding[0, line[1:]] + self.embedding[1, line[:-1]]  # [T+1, 32]
        scores = (2 * keys @ keys[:-1].T).astype(np.float64)
        earlier = np.tril(np.ones(scores.shape, bool), -1)
        return self.mix(self.table[line[1:]], np.where(earlier, scores, -1e9), np.asarray(tokens, int))


class Cached:
    def __init__(self, entry):
        self.entry, self.line, self.keys = entry, [END, END], np.zeros((0, 32), np.float32)

    def key(self):
        return self.entry.embedding[0, self.line[-1]] + self.entry.embedding[1, self.line[-2]]

    def logits(self):
        scores = (2 * self.keys @ self.key()).astype(np.float64)
        return self.entry.mix(self.entry.table[self.line[-1]], scores, np.array(self.line[2:], int))

    def feed(self, token):
        self.keys = np.concatenate([self.keys, self.key()[None]])
        self.line.append(token)


def load():
    return Entry()
