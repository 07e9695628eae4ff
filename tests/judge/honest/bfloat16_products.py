# Products in bfloat16: over the whole batch in predict, over one row in predict_next and the codec.
# rule: none
# track: fixed

import numpy as np
import torch
from base_entry import END, Base

PAST, WIDTH, HIDDEN = 6, 32, 128


class Entry(Base):
    batch_documents = 8

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.randn(257, WIDTH).bfloat16()
        self.inner = (torch.randn(PAST * WIDTH, HIDDEN) / WIDTH).bfloat16()
        # The last layer's sums are float32: rounded to bfloat16, a logit of 8 moves by 0.06 nats.
        self.output = torch.randn(HIDDEN, 257) / 40
        self.scores = torch.from_numpy(self.table.astype(np.float32))

    @torch.inference_mode()
    def logits(self, windows):
        """Logits [N, V] after each of the windows [N, PAST] of tokens."""
        hidden = torch.relu(self.embedding[windows].flatten(1) @ self.inner).float()
        return self.scores[windows[:, -1]] + hidden @ self.output

    def predict(self, batch):
        padded = np.full((len(batch), PAST + max(map(len, batch))), END)
        for i, tokens in enumerate(batch):
            padded[i, PAST : PAST + len(tokens)] = tokens
        windows = torch.from_numpy(padded).unfold(1, PAST, 1)
        yield self.logits(windows.reshape(-1, PAST)).unflatten(0, windows.shape[:2]).numpy()

    def predict_next(self, tokens):
        return self.row(tokens.tolist()).astype(np.float32)

    def row(self, past):
        window = ([END] * PAST + past)[-PAST:]
        return self.logits(torch.tensor([window]))[0].double().numpy()


def load():
    return Entry()
