"""Tokens one by one: the mixer's decisions and the coder, in one compiled loop.

The coder is a binary range coder of 64 bits without carries (Martin 1979; the form of Mahoney's lpaq): `low` and
`high` bound what the bytes still to come can be, and a decision takes its share of what lies between.
"""

from typing import Any

import numpy as np
from numba import njit

from ..tokenizer.base import END_OF_DOCUMENT
from .compiled_transformer import inner
from .mixing import append, ask_model, decision, learn_decision, look_around

LEARN, SCORE, ENCODE, DECODE = range(4)
PIECE = 32  # tokens that a known text is read at a time
IMPOSSIBLE = -1e4  # logit of what cannot come


@inner
def code(coder: Any, data: Any, mode: int, bit: int, p: float) -> int:
    """Encode or decode one decision whose probability of yes is p; the decision.

    coder: uint64 [4]: low, high, what was read, place in `data`.
    """
    low, high = coder[0], coder[1]
    share = np.uint64(p * 4294967296.0)
    middle = low + ((high - low) >> np.uint64(32)) * share
    if mode == DECODE:
        bit = 1 if coder[2] <= middle else 0
    if bit:
        high = middle
    else:
        low = middle + np.uint64(1)
    while (low ^ high) >> np.uint64(56) == 0:
        at = np.int64(coder[3])
        if mode == ENCODE:
            data[at] = np.uint8(high >> np.uint64(56))
        else:
            byte = np.uint64(data[at]) if at < len(data) else np.uint64(0)
            coder[2] = coder[2] << np.uint64(8) | byte
        coder[3] += np.uint64(1)
        low, high = low << np.uint64(8), high << np.uint64(8) | np.uint64(255)
    coder[0], coder[1] = low, high
    return bit


@inner
def read_token(
    s: Any, m: Any, table: Any, history: Any, logits: Any, token: int, stop: int, mode: int,
    coder: Any, data: Any, rows: Any, counts: Any, journal: Any,
) -> int:  # fmt: skip
    """Predict one token, and learn it; the token, -1 where it was not learnt.

    stop: the decision of which only the prediction is wanted, -1: none; nothing is learnt then from there on.
    counts: rows and journal entries written so far.
    """
    end, top, second = ask_model(s, logits)
    look_around(s, m, top, second)
    over = 1 if token == END_OF_DOCUMENT else 0
    if mode >= ENCODE:
        over = code(coder, data, mode, over, min(max(end, 1e-7), 1 - 1e-7))
    if over and mode != SCORE:
        append(s, m, history, np.int64(END_OF_DOCUMENT))
        return END_OF_DOCUMENT
    if over:
        stop, token = 0, s.token[0]  # the row that the end is charged in says also what else could have come
    node, depth = np.int64(0), np.int64(0)
    while True:
        p = decision(s, m, table, top, node, depth)
        if mode == SCORE:
            row = rows[counts[0]]
            row[0], row[1] = np.log(1 - p), np.log(p)
            row[2] = IMPOSSIBLE if depth else np.log(end / (1 - end))
            counts[0] += 1
        if depth == stop:
            break
        bit = 0 if mode == DECODE else s.bits[token, depth]
        if mode >= ENCODE:
            odds = np.log(p / (1 - p)) * s.inverse_temperature
            bit = code(coder, data, mode, bit, p if s.inverse_temperature == 1 else 1 / (1 + np.exp(-odds)))
        if s.learning:
            counts[1] = learn_decision(s, m, table, node, bit, journal, counts[1])
        depth += 1
        first = s.middle[node] if bit else s.low[node]
        token = s.token[first] if mode == DECODE else token
        if (s.high[node] if bit else s.middle[node]) - first == 1:
            append(s, m, history, token)
            return token
        node = s.nodes[s.token[first], depth]
    if over:
        append(s, m, history, np.int64(END_OF_DOCUMENT))
    return -1


@njit(nogil=True)
def read_tokens(
    scenes: Any, memories: Any, table: Any, history: Any, logits: Any, tokens: Any, stop: int, mode: int,
    coder: Any, data: Any, rows: Any, journal: Any, counts: Any,
) -> int:  # fmt: skip
    """Predict and learn `tokens` [T] or decode as many from logits [T, V]; how many there were, an end included.

    stop: of the last token, see read_token. journal [n, 2], uint32: places of the table and what they held; no
    entries, where nothing has to be undone. counts: rows and entries that were written.
    """
    s, m = scenes[0], memories[0]
    for i in range(len(tokens)):
        last = stop if i == len(tokens) - 1 else -1
        token = read_token(
            s, m, table, history, logits[i], tokens[i], last, mode, coder, data, rows, counts, journal
        )
        if mode == DECODE:
            tokens[i] = token
        if token == END_OF_DOCUMENT:
            return i + 1
    return len(tokens)


@njit(nogil=True)
def parse(scenes: Any, bits: Any, tokens: Any) -> tuple[int, int]:
    """Decisions to tokens: how many are whole, and how many decisions follow them.

    tokens [bits + 1]: the one after the whole ones begins with those decisions.
    """
    s = scenes[0]
    count = depth = node = 0
    tokens[0] = s.token[0]
    for bit in bits:
        first = s.middle[node] if bit else s.low[node]
        last = s.high[node] if bit else s.middle[node]
        depth += 1
        tokens[count] = s.token[first]
        if last - first == 1:
            count += 1
            tokens[count] = s.token[0]
            depth = node = 0
        else:
            node = s.nodes[s.token[first], depth]
    return count, depth
