"""A predictor that learns while it reads: the model's probability mixed with what the text itself has shown so far.

Each decision on a token's path is predicted by the model, by hashed contexts (how often, and in which order, was it
yes after the same words?) and by matches (what followed the last time that the same tokens came?). Their log-odds
are added with weights that are learnt online, several sets of them, chosen by different small contexts; what the
sets say is added once more; two calibrations close the chain. Everything is normalised by construction, since each
decision is one probability, and is updated only when its outcome is known. Context mixing after Mahoney 2005
("Adaptive weighing of context models for lossless data compression"), indirect histories after paq8.

See memory.py for what the arrays are.
"""

from typing import Any

import numpy as np
from numba import njit

from ..tokenizer.base import END_OF_DOCUMENT
from .compiled_transformer import exponentials, inner
from .state import BOUND, FIRST_CONTEXT, MATCH_SLOTS, MATCHES, PAIRS, STEADY


@njit("int64(int64, int64)", no_cpython_wrapper=True)
def hashed(h: int, value: int) -> int:
    """One more value in a hash. Of given types, or numba would compile it for a dozen."""
    h = (h ^ value) * -7046029254386353131
    return h ^ (h >> 29)


@inner
def look_around(s: Any, m: Any, top: int, second: int) -> None:
    """Hash all contexts of the next token, in the order of CONTEXTS."""
    c, t, w, low = s.contexts, m.last, m.words, m.lower
    c[0] = 0
    for i in range(6):
        c[1 + i] = hashed(c[i] + 1, t[i])
    c[7] = hashed(7, w[0])
    c[8] = hashed(c[7] + 1, w[1])
    c[9] = hashed(c[8] + 1, w[2])
    c[10] = hashed(c[7] + 3, w[2])
    c[11] = hashed(c[9] + 1, w[3])
    c[12] = hashed(12, t[1])
    c[13] = hashed(13, t[2])
    c[14] = hashed(c[12] + 14, t[2])
    c[15] = hashed(c[1] + 15, t[2])
    c[16] = hashed(c[14] + 16, t[3])
    c[17] = hashed(21, low[0])
    c[18] = hashed(c[17] + 1, low[1])
    c[19] = hashed(c[18] + 1, low[2])
    c[20] = hashed(c[17] + 3, low[2])
    c[21] = hashed(25, top)
    c[22] = hashed(c[21] + 1, t[0])
    c[23] = hashed(c[21] + 2, second)
    c[24] = hashed(c[21] + 3, w[0])
    c[25] = hashed(c[21] + 4, low[1])
    h = 30
    for i in range(8):
        h = hashed(h, m.bytes[i])
        if 2 <= i <= 5:
            c[24 + i] = h
    c[30] = h
    c[31] = hashed(hashed(35, m.line), t[0])
    c[32] = hashed(hashed(36, min(m.column, 4)), t[0])
    c[33] = hashed(hashed(37, m.mark), w[0])
    c[34] = hashed(hashed(38, t[0]), m.follower[t[0]])
    c[35] = hashed(hashed(39, t[0]), m.pair_follower[c[2] & (PAIRS - 1)])


@inner
def ask_model(s: Any, logits: Any) -> tuple[float, int, int]:
    """Sums of the model's probabilities over the leaves; that of the end, and the two likeliest tokens."""
    V, top, second = len(logits), 0, 0
    for v in range(V):
        s.p[v] = logits[v]
        if v != END_OF_DOCUMENT:
            if logits[v] > logits[top]:
                top, second = v, top
            elif v != top and (logits[v] > logits[second] or second == top):
                second = v
    exponentials(s.p[:], s.exponents[:], s.exponents[:].view(np.float32))
    total = 0.0
    for leaf in range(V - 1):
        s.sums[leaf] = total
        total += s.p[s.token[leaf]]
    s.sums[V - 1] = total
    end = s.p[END_OF_DOCUMENT]
    return end / (total + end), top, second


@inner
def ask_matches(s: Any, m: Any, node: int, depth: int, model: Any) -> int:
    """Inputs of the matches at a node; how good the best is, 0 (none) to 4."""
    best = 0
    for k in range(len(MATCHES)):
        at = 2 + 2 * k
        s.x[at] = s.x[at + 1] = 0
        s.match[k, 1] = -1
        expected = s.match[k, 0]
        if expected < 0 or depth >= s.length[expected] or s.nodes[expected, depth] != node:
            continue
        sign = np.float32(2 * s.bits[expected, depth] - 1)
        agreement = int(min(max(sign * model + 4, 0), 7))
        length = min(m.match_length[k], STEADY)
        s.match[k, 1], s.match[k, 2] = 8 * length + agreement, s.bits[expected, depth]
        right = m.match_maps[k, length, agreement]
        s.x[at] = sign * np.log(right / (1 - right))
        s.x[at + 1] = sign * (right - np.float32(0.5)) * 4
        if not best:
            best = 1 + (length >= 4) + (length >= 8) + (length >= STEADY)
    return best


@inner
def ask_contexts(s: Any, m: Any, table: Any, node: int) -> tuple[int, int]:
    """Inputs of the contexts at a node; the longest run of last tokens and how many contexts are known."""
    longest, known = 0, 0
    mask = table.shape[1] - 1
    for k in range(len(s.chosen)):
        at = FIRST_CONTEXT + 2 * k
        own = s.within[k] * (m.documents + 1) * -3750763034362895579
        h = (s.contexts[s.chosen[k]] + own + (node + 1) * -4417276706812531889) * -7046029254386353131
        h = (h ^ (h >> 32)) * -4417276706812531889
        s.index[k] = (h >> 20) & mask
        check = np.uint32((h >> 56) & 255)
        slot = table[k, s.index[k]]
        if slot >> 24 != check:
            slot = np.uint32(check << 24 | 32768)  # another context's, or none's
        s.slot[k] = slot
        seen = (slot >> 16) & 255
        if seen:
            s.x[at] = s.logits_of[(slot & 65535) >> 4]
            s.x[at + 1] = s.logits_of[int(m.maps[k, seen] * 4095)]
            known += 1
            if s.chosen[k] <= 6:
                longest = max(longest, s.chosen[k])
        else:
            s.x[at] = s.x[at + 1] = 0
    return longest, known


@inner
def mix(s: Any, m: Any) -> Any:
    """Log-odds of all inputs together: each set's sum, and the sum of those."""
    total = np.float32(0)
    for j in range(len(s.rows)):
        row = m.weights[s.rows[j]]
        odds = np.float32(0)
        for i in range(len(s.x)):
            odds += row[i] * s.x[i]
        s.odds[j] = min(max(odds, np.float32(-16)), np.float32(16))
        total += m.set_weights[s.rows[2] - s.first_row[2], j] * s.odds[j]
    return min(max(total, np.float32(-16)), np.float32(16))


@inner
def unmix(s: Any, m: Any, bit: int, mixed: float) -> None:
    """Move all weights down the gradient of what the decision cost: each set by its own error."""
    r = s.rates
    rate = np.float32(r[1] + r[0] / (1 + m.decisions * r[2]))
    error = np.float32(r[3]) * (np.float32(bit) - np.float32(mixed))
    for j in range(len(s.rows)):
        m.set_weights[s.rows[2] - s.first_row[2], j] += error * s.odds[j]
        step = rate * (np.float32(bit) - np.float32(1) / (np.float32(1) + np.exp(-s.odds[j])))
        row = m.weights[s.rows[j]]
        for i in range(len(s.x)):
            row[i] += step * s.x[i]
    m.decisions += 1


@inner
def remember(s: Any, m: Any, table: Any, bit: int, journal: Any, written: int) -> int:
    """Update slots, histories and matches with the decision; what the slots held goes to the journal."""
    for k in range(len(s.chosen)):
        slot = s.slot[k]
        seen = int((slot >> 16) & 255)
        if len(journal):
            journal[written, 0] = k * table.shape[1] + s.index[k]
            journal[written, 1] = table[k, s.index[k]]
            written += 1
        if seen:
            m.map_counts[k, seen] += 1
            rate = max(np.float32(1) / (m.map_counts[k, seen] + np.float32(1.5)), np.float32(s.rates[5]))
            m.maps[k, seen] += (bit - m.maps[k, seen]) * rate
        count = np.float32((seen >> 4) + (seen & 15))
        p = np.float32(slot & 65535)
        p += (65535 * bit - p) * max(np.float32(1) / (count + np.float32(1.5)), np.float32(s.rates[4]))
        p = min(max(p, np.float32(32)), np.float32(65503))
        table[k, s.index[k]] = np.uint32(
            (slot & np.uint32(0xFF000000)) | np.uint32(s.next_history[seen, bit]) << 16 | np.uint32(p)
        )
    for k in range(len(MATCHES)):
        if s.match[k, 1] >= 0:
            length, agreement = s.match[k, 1] >> 3, s.match[k, 1] & 7
            right = np.float32(s.match[k, 2] == bit)
            m.match_maps[k, length, agreement] += (right - m.match_maps[k, length, agreement]) * np.float32(
                s.rates[6]
            )
    return written


@inner
def decision(s: Any, m: Any, table: Any, top: int, node: int, depth: int) -> Any:
    """The probability of yes at a node, from all that was read so far."""
    first, middle, last = s.sums[s.low[node]], s.sums[s.middle[node]], s.sums[s.high[node]]
    yes = (last - middle) / (last - first) if last - first > 1e-30 else 0.5
    yes = min(max(yes, BOUND), 1 - BOUND)
    model = np.float32(np.log(yes / (1 - yes)))
    s.x[0], s.x[1] = np.float32(0.3), model
    best = ask_matches(s, m, node, depth, model)
    longest, known = ask_contexts(s, m, table, node)
    expected = 0
    if depth < s.length[top] and s.nodes[top, depth] == node:
        expected = 1 + s.bits[top, depth]
    s.rows[0] = node
    s.rows[1] = longest * 5 + best
    s.rows[2] = min(depth, 15) * 3 + expected
    s.rows[3] = int(min(max(model * np.float32(1.5) + 12, np.float32(0)), np.float32(23)))
    s.rows[4] = m.last[0]
    s.rows[5] = known * 10 // (len(s.chosen) + 1) * 5 + best
    s.rows[6] = s.group[m.last[0]] * 3 + expected
    for j in range(len(s.rows)):
        s.rows[j] += s.first_row[j]
    return calibrated(s, m, node, mix(s, m))


@inner
def calibrated(s: Any, m: Any, node: int, odds: Any) -> Any:
    """The mixed odds against what such odds came to at this node and after this token."""
    place = (min(max(odds, np.float32(-7.999)), np.float32(7.999)) + 8) * 2
    at = int(place)
    part = np.float32(place - at)
    pair = (hashed(m.last[0], node) >> 20) & (PAIRS - 1)
    s.cell[0], s.cell[1] = at, pair
    p = np.float32(1) / (np.float32(1) + np.exp(-odds))
    s.mixed[0], s.mixed[1] = p, part
    by_node = m.node_calibration[node, at] * (1 - part) + m.node_calibration[node, at + 1] * part
    by_pair = m.pair_calibration[pair, at] * (1 - part) + m.pair_calibration[pair, at + 1] * part
    p = np.float32(0.5) * p + np.float32(0.25) * (by_node + by_pair)
    return min(max(p, np.float32(BOUND)), np.float32(1 - BOUND))


@inner
def learn_decision(s: Any, m: Any, table: Any, node: int, bit: int, journal: Any, written: int) -> int:
    """Everything that `decision` asked learns the outcome; entries in the journal so far."""
    at, pair, rate = s.cell[0], s.cell[1], np.float32(s.rates[7])
    for cell in range(at, at + 2):
        share = rate * (s.mixed[1] if cell > at else 1 - s.mixed[1])
        m.node_calibration[node, cell] += (bit - m.node_calibration[node, cell]) * share
        m.pair_calibration[pair, cell] += (bit - m.pair_calibration[pair, cell]) * share
    unmix(s, m, bit, s.mixed[0])
    return remember(s, m, table, bit, journal, written)


@inner
def append(s: Any, m: Any, history: Any, token: int) -> None:
    """A token was read, the end of a document included: go on to what follows it."""
    m.pair_follower[s.contexts[2] & (PAIRS - 1)] = token
    m.follower[m.last[0]] = token + (m.follower[m.last[0]] & 0xFFFFF) * 0x100000
    history[m.read] = token
    m.read += 1
    for i in range(len(m.last) - 1, 0, -1):
        m.last[i] = m.last[i - 1]
    m.last[0] = token
    if token == END_OF_DOCUMENT:
        for i in range(8):
            m.last[max(1, i % 6)] = m.words[i % 4] = m.lower[i % 3] = m.bytes[i] = m.match_length[
                i % len(MATCHES)
            ] = 0
        m.words[0] = m.lower[0] = 1
        m.documents += 1
        m.column = m.line = m.mark = 0
        return
    for i in range(s.spelled[token]):
        append_byte(m, s.spelling[token, i])
    find_matches(m, history, token)


@inner
def append_byte(m: Any, byte: int) -> None:
    """Words, marks, lines and the last bytes."""
    w, low = m.words, m.lower
    for i in range(len(m.bytes) - 1, 0, -1):
        m.bytes[i] = m.bytes[i - 1]
    m.bytes[0] = byte
    capital = 65 <= byte <= 90
    if capital or 97 <= byte <= 122 or byte >= 128 or byte == 39:
        w[0] = hashed(w[0], byte)
        low[0] = hashed(low[0], byte + 32 * capital)
        return
    if w[0] != 1:
        w[3], w[2], w[1], w[0] = w[2], w[1], w[0], 1
        low[2], low[1], low[0] = low[1], low[0], 1
        m.column += 1
        if m.column == 1:
            m.line = low[1]
    if byte != 32:
        m.mark = byte
        w[3], w[2], w[1] = w[2], w[1], byte
        low[2], low[1] = low[1], byte
    if byte == 10:
        m.column = m.line = 0


@inner
def find_matches(m: Any, history: Any, token: int) -> None:
    """Follow each match, or look for one where there is none."""
    read = m.read
    for k in range(len(MATCHES)):
        if m.match_length[k]:
            if history[m.match_at[k]] == token:
                m.match_length[k] += 1
                m.match_at[k] += 1
            else:
                m.match_length[k] = 0
        if read < MATCHES[k]:
            continue
        h = k
        for i in range(MATCHES[k]):
            h = hashed(h, history[read - 1 - i])
        h = (h >> 20) & (MATCH_SLOTS - 1)
        found = m.match_slots[k, h]
        if not m.match_length[k] and found:
            length = 0
            while (
                length < 32 and length < found and history[found - 1 - length] == history[read - 1 - length]
            ):
                length += 1
            if length >= MATCHES[k]:
                m.match_at[k], m.match_length[k] = found, length
        m.match_slots[k, h] = read
