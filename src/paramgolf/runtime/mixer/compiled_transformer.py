"""The model's forward pass in compiled code of one thread: what an online learner can afford token by token.

Any number of tokens at a time gives the same bits as one by one: every sum is taken in one order, which does not
depend on how many rows there are. Scoring therefore reads a known text in pieces, decompression a token at a time.

Shapes: L layers, D width, H query heads, K key/value heads, E head width, M hidden width, W window, V vocabulary.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .state import record

# Each type of argument is compiled for itself: hence np.int64(0) and x[:] at calls, so that types are the same.
# Sums may be taken in vectors and products fused: the same compiled function on the same machine gives the same bits.
FAST = {"contract", "reassoc", "nsz", "arcp"}
Floats = NDArray[np.float32]
# What only compiled code calls needs no way in from the interpreter, which takes time to compile.
inner = njit(fastmath=FAST, no_cpython_wrapper=True)


def weight_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a LanguageModel of these options, in the order of their names."""
    D, L = config["width"], config["layers"]
    key, hidden = config["kv_heads"] * (D // config["heads"]), int(D * config["mlp_ratio"])
    skips = L // 2 if config["mirrored_skips"] else 0
    shapes: dict[str, tuple[int, ...]] = {"embedding": (config["vocab_size"], D), "skips": (skips, D)}
    for i, (_, buckets, width) in enumerate(config["ngrams"]):
        shapes |= {f"ngrams.{i}.table": (buckets, width), f"ngrams.{i}.project": (D, width)}
    for i in range(L):
        shapes |= {
            f"blocks.{i}.{name}": shape
            for name, shape in {
                "attention.query": (D, D),
                "attention.key": (key, D),
                "attention.value": (key, D),
                "attention.out": (D, D),
                "attention.gain": (config["heads"],),
                "up": (hidden, D),
                "down": (D, hidden),
                "attention_scale": (D,),
                "mlp_scale": (D,),
                "residual_mix": (2, D),
            }.items()
        }
        if config["token_shift"]:
            shapes[f"blocks.{i}.shift"] = (2, D)
    return dict(sorted(shapes.items()))


def build_model(config: Mapping[str, Any], weights: Mapping[str, Floats]) -> NDArray[Any]:
    """The record of a model of the options that weight_shapes knows, from its tensors by name.

    Matrices are transposed, so that products run along the rows of outputs; the n-gram tables [all buckets + 1, D]
    are multiplied by their projections already.
    """
    D, L, H, K = (config[name] for name in ("width", "layers", "heads", "kv_heads"))
    E = D // H
    windows = config["windows"]

    def layers(make: Any) -> Floats:
        return np.stack([make(lambda name, i=i: weights[f"blocks.{i}.{name}"]) for i in range(L)]).astype(
            np.float32
        )

    tables = [
        weights[f"ngrams.{i}.table"] @ weights[f"ngrams.{i}.project"].T for i in range(len(config["ngrams"]))
    ]
    sizes = [sizes[:2] for sizes in config["ngrams"]]
    return record(
        embedding=weights["embedding"],
        head=weights["embedding"].T,
        ngrams=np.concatenate([*tables, np.zeros((1, D), np.float32)]),
        # order and buckets, [n + 1, 2]: the last one is none
        ngram_sizes=np.array([*sizes, (0, 1)], np.int64),
        project=layers(lambda w: np.concatenate([w(f"attention.{n}") for n in ("query", "key", "value")]).T),
        out=layers(lambda w: w("attention.out").T),
        up=layers(lambda w: w("up").T),
        down=layers(lambda w: w("down").T),
        gain=layers(lambda w: np.append(w("attention.gain") * E**-0.5, np.ones(K))),
        scale=layers(lambda w: np.stack([w("attention_scale"), w("mlp_scale")])),
        mix=layers(lambda w: w("residual_mix")),
        shift=layers(lambda w: w("shift") if config["token_shift"] else np.zeros((2, D))),
        ones=np.ones(D, np.float32),
        # one row more than there are skips
        skips=np.concatenate([weights["skips"], np.zeros((1, D), np.float32)]),
        windows=np.array(list(windows) * (L if len(windows) == 1 else 1), np.int64),
        heads=np.array([H, K], np.int64),
        cap=np.array(config["logit_softcap"], np.float32),
        frequencies=config["rope_base"] ** -(np.arange(0, E, 2) / E),
    )


def new_state(model: NDArray[Any]) -> NDArray[Any]:
    """The record of the state before the first token of a document."""
    L, D, _ = model["project"].shape[1:]
    K, E, ring = int(model["heads"][0, 1]), 2 * model["frequencies"].shape[1], 2 * int(model["windows"].max())
    return record(
        position=np.array(0),
        history=np.zeros(max(1, int(model["ngram_sizes"][0, :, 0].max())), np.int64),  # newest first
        keys=np.zeros((L, K, E, ring), np.float32),
        values=np.zeros((L, K, ring, E), np.float32),
        last=np.zeros((L, 2, D), np.float32),  # the position before, in front of attention and MLP
    )


@inner
def multiply(x: Any, w: Any, y: Any) -> None:
    """y [T, J] = x [T, I] @ w [I, J], I a multiple of 8; eight rows of w stay in the cache for all of x."""
    T, J = y.shape
    for t in range(T):
        for j in range(J):
            y[t, j] = 0
    for i in range(0, w.shape[0], 8):
        for t in range(T):
            a, b, c, d = x[t, i], x[t, i + 1], x[t, i + 2], x[t, i + 3]
            e, f, g, h = x[t, i + 4], x[t, i + 5], x[t, i + 6], x[t, i + 7]
            for j in range(J):
                y[t, j] += (
                    (a * w[i, j] + b * w[i + 1, j] + c * w[i + 2, j] + d * w[i + 3, j])
                    + (e * w[i + 4, j] + f * w[i + 5, j] + g * w[i + 6, j] + h * w[i + 7, j])
                )  # fmt: skip


@inner
def add(scale: Any, y: Any, x: Any) -> None:
    """x [T, D] += scale [D] * y. Loops throughout: expressions over arrays take seconds to compile."""
    for t in range(x.shape[0]):
        for d in range(x.shape[1]):
            x[t, d] += scale[d] * y[t, d]


@inner
def normalise(x: Any, y: Any) -> None:
    """y = x over its root mean square."""
    total = np.float32(0)
    for i in range(len(x)):
        total += x[i] * x[i]
    inverse = np.float32(1) / np.sqrt(total / np.float32(len(x)) + np.float32(1e-6))
    for i in range(len(x)):
        y[i] = x[i] * inverse


@inner
def exponentials(x: Any, exponents: Any, powers: Any) -> None:
    """x = exp(x) to 2e-7, in vectors. exponents (int32) and powers (float32) are one piece of memory."""
    for i in range(len(x)):
        v = min(max(x[i] * np.float32(1.44269504), np.float32(-126)), np.float32(126))
        whole = np.floor(v + np.float32(0.5))
        exponents[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        r = (v - whole) * np.float32(0.693147181)
        tail = np.float32(1 / 24) + r * (np.float32(1 / 120) + r * np.float32(1 / 720))
        x[i] = np.float32(1) + r * (
            np.float32(1) + r * (np.float32(1 / 2) + r * (np.float32(1 / 6) + r * tail))
        )
    for i in range(len(x)):
        x[i] *= powers[i]


@inner
def shifted(model: Any, state: Any, layer: int, place: int, x: Any, h: Any) -> None:
    """h [T, D] = x normalised, each position mixed with the one before."""
    T, D = x.shape
    for t in range(T):
        normalise(x[t], h[t])
    for d in range(D):
        c = model.shift[layer, place, d]
        before = state.last[layer, place, d]
        state.last[layer, place, d] = h[T - 1, d]
        for t in range(T - 1, 0, -1):
            h[t, d] += c * (h[t - 1, d] - h[t, d])
        h[0, d] += c * (before - h[0, d])


@inner
def embed(model: Any, state: Any, tokens: Any, x: Any) -> None:
    """x [T, D] = normalised embeddings of tokens and of the hashes of the last few; see NgramEmbedding.bucket."""
    history = state.history
    for t in range(len(tokens)):
        for i in range(len(history) - 1, 0, -1):
            history[i] = history[i - 1]
        history[0] = tokens[t]
        for d in range(x.shape[1]):
            x[t, d] = model.embedding[tokens[t], d]
        first = 0
        for n in range(len(model.ngram_sizes) - 1):
            bucket = history[0]
            for i in range(1, model.ngram_sizes[n, 0]):
                bucket = bucket * np.int64(0x9E3779B1) + history[i]
                bucket = (bucket ^ (bucket >> 15)) & np.int64(0x7FFFFFFF)
            bucket = first + bucket % model.ngram_sizes[n, 1]
            for d in range(x.shape[1]):
                x[t, d] += model.ngrams[bucket, d]
            first += model.ngram_sizes[n, 1]
        normalise(x[t], x[t])


@inner
def rotate(x: Any, gain: Any, cos: Any, sin: Any) -> None:
    """One head, normalised, scaled and rotated in place."""
    half = len(cos)
    normalise(x, x)
    for e in range(half):
        a, b = x[e] * gain, x[half + e] * gain
        x[e], x[half + e] = a * cos[e] + b * sin[e], b * cos[e] - a * sin[e]


@inner
def attend(model: Any, state: Any, layer: int, position: int, qkv: Any, y: Any, scratch: Any) -> None:
    """One position over its block and the block before: qkv [(H + 2K) E], rotated, to y [H E].

    A block and the one before share a ring of 2W places. weights, exponents and powers of `scratch` are
    [2W or more].
    """
    weights, exponents, powers = scratch
    H, K = model.heads[0], model.heads[1]
    E, W = 2 * len(model.frequencies), model.windows[layer]
    place = position % (2 * W)
    keys, values = state.keys[layer], state.values[layer]
    for k in range(K):
        for e in range(E):
            keys[k, e, place] = qkv[(H + k) * E + e]
            values[k, place, e] = qkv[(H + K + k) * E + e]
    behind = place < W and position >= W  # the block before follows this one in the ring
    seen = 2 * W if behind else place + 1
    for h in range(H):
        k = h // (H // K)
        for j in range(seen):
            weights[j] = 0
        for e in range(E):
            a = qkv[h * E + e]
            for j in range(seen):
                weights[j] += a * keys[k, e, j]
        exponentials(weights[:seen], exponents, powers)
        if behind:
            for j in range(place + 1, W):
                weights[j] = 0
        total = np.float32(0)
        for j in range(seen):
            total += weights[j]
        head = y[h * E : (h + 1) * E]
        for e in range(E):
            head[e] = 0
        for j in range(seen):
            a = weights[j] / total
            for e in range(E):
                head[e] += a * values[k, j, e]


@njit(fastmath=FAST, nogil=True)
def forward(models: Any, states: Any, tokens: Any, logits: Any) -> None:
    """Read tokens [T] and go on with the state; logits [T, V] of what follows each."""
    model, state = models[0], states[0]
    T, (L, D, width), M = len(tokens), model.project.shape, model.up.shape[2]
    H, K = model.heads[0], model.heads[1]
    E, half, first = 2 * len(model.frequencies), len(model.skips) - 1, state.position
    x0, h = np.empty((T, D), np.float32), np.empty((T, D), np.float32)
    qkv, y, hidden = (np.empty((T, width), np.float32), np.empty((T, H * E), np.float32),
                      np.empty((T, M), np.float32))  # fmt: skip
    skipped = np.empty((half, T, D), np.float32)
    cos, sin = np.empty((T, E // 2), np.float32), np.empty((T, E // 2), np.float32)
    exponents = np.empty(state.keys.shape[3], np.int32)
    scratch = (np.empty(state.keys.shape[3], np.float32), exponents, exponents.view(np.float32))
    for t in range(T):
        for e in range(E // 2):
            cos[t, e] = np.cos((first + t) * model.frequencies[e])
            sin[t, e] = np.sin((first + t) * model.frequencies[e])
    embed(model, state, tokens, x0)
    x = np.zeros((T, D), np.float32)
    add(model.ones, x0, x)
    for i in range(L):
        if half <= i < 2 * half:
            add(model.skips[i - half], skipped[2 * half - 1 - i], x)
        for t in range(T):
            for d in range(D):
                x[t, d] = model.mix[i, 0, d] * x[t, d] + model.mix[i, 1, d] * x0[t, d]
        shifted(model, state, i, np.int64(0), x, h)
        multiply(h, model.project[i], qkv)
        for t in range(T):
            for head in range(H + K):
                rotate(qkv[t, head * E : (head + 1) * E], model.gain[i, head], cos[t], sin[t])
            attend(model, state, i, first + t, qkv[t], y[t], scratch)
        multiply(y, model.out[i], h)
        add(model.scale[i, 0], h, x)
        shifted(model, state, i, np.int64(1), x, h)
        multiply(h, model.up[i], hidden)
        for t in range(T):
            for d in range(M):
                hidden[t, d] = max(hidden[t, d], np.float32(0))
                hidden[t, d] *= hidden[t, d]
        multiply(hidden, model.down[i], h)
        add(model.scale[i, 1], h, x)
        if i < half:
            for t in range(T):
                for d in range(D):
                    skipped[i, t, d] = x[t, d]
    for t in range(T):
        normalise(x[t], h[t])
    multiply(h, model.head[:], logits)
    cap = model.cap
    for t in range(T):
        for v in range(logits.shape[1]):
            a = logits[t, v]
            logits[t, v] = a / np.sqrt(np.float32(1) + (a / cap) * (a / cap))
    state.position = first + T
