# A small GRU in torch beside the counts: a padded batch at once in predict, one step at a time in the codec.
# rule: none
# track: fixed

import numpy as np
import torch
from base_entry import END, Base


class Entry(Base):
    batch_documents = 8

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(257, 32)
        self.cells = torch.nn.GRU(32, 48, batch_first=True)
        self.output = torch.nn.Linear(48, 257)

    @torch.inference_mode()
    def step(self, tokens, state=None):
        """Logits [B, T, V] after each of tokens [B, T], and the state after the last."""
        hidden, state = self.cells(self.embedding(tokens), state)
        counts = torch.from_numpy(self.table.astype(np.float32))[tokens]
        return counts + 0.3 * self.output(hidden), state

    def predict(self, batch):
        padded = np.full((len(batch), 1 + max(map(len, batch))), END)
        for i, tokens in enumerate(batch):
            padded[i, 1 : len(tokens) + 1] = tokens
        yield self.step(torch.from_numpy(padded))[0].numpy()

    def stepper(self):
        return Steps(self)


class Steps:
    def __init__(self, entry):
        self.entry, self.state = entry, None
        self.feed(END)

    def feed(self, token):
        self.row, self.state = self.entry.step(torch.tensor([[token]]), self.state)

    def logits(self):
        return self.row[0, 0].double().numpy()


def load():
    return Entry()
