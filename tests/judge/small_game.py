"""A game small enough to judge a hundred artifacts: English-like documents, and a challenge to play them in."""

import random

ARTIFACT_BYTES = 60_000

CHALLENGE_TOML = f"""\
name = "small-game"
title = "Forty short documents for the judge's own collection"
rules_version = 1
objective = "bits_per_byte"

artifact_bytes = {ARTIFACT_BYTES}
train_seconds = 20
eval_seconds = 20
prove_seconds = 20
hardware = "one CPU core"
runtime_packages = ["torch", "numpy", "constriction"]

corpus = "small-game"
canonical_form = "raw"
validation_bytes = 10_000
proof_documents = 0

record_margin_nats = 0.005
reference_bytes_per_token = 2.436
significance_level = 0.01
minimum_seeds = 1
"""

_WORD_LIST = """
the a of and to in is was for with that on by it from at as her his they we had not are but this which one
all were there their been has when who will more if out so up said what about than into them can only other
new some could time these two may then do first any now such like our over man me even most made after also
did many before must through back years where much your way well down should because each just those people
state good very make world still own see men work long get here between both life being under never day same
another know while last might us great old year off come since against go came right used take three house
river garden letter window morning evening winter summer paper water stone bread market station captain doctor
teacher village harbour engine silver yellow quiet narrow heavy simple honest measure number promise question
answer reason record carry follow gather listen remember wonder
"""
WORDS = tuple(_WORD_LIST.split())
FOREIGN = (
    "café",
    "naïve",
    "señor",
    "Łódź",
    "Ångström",
    "東京",
    "Ελλάδα",
    "Москва",
    "“quoted”",
    "—",
    "🙂",
    "ﬁnd…",
)
BOILERPLATE = "Copies of this page may be kept and given away, so long as nothing is added to them."


def _next_word(past: tuple[str, str], rng: random.Random) -> str:
    """An order-2 process: the two words before name five that may follow, and how likely each is."""
    if rng.random() < 0.15:
        return rng.choice(WORDS)
    likely = random.Random(" ".join(past)).sample(WORDS, 5)
    return rng.choices(likely, (8, 4, 2, 1, 1))[0]


def _document(rng: random.Random, size: int, *, foreign: bool, boilerplate: bool) -> bytes:
    sentences: list[str] = []
    past = (rng.choice(WORDS), rng.choice(WORDS))
    while len(" ".join(sentences)) < size:
        words = []
        for _ in range(rng.randint(4, 11)):
            word = _next_word(past, rng)
            past = (past[1], word)
            words.append(rng.choice(FOREIGN) if foreign and rng.random() < 0.1 else word)
        comma = rng.randrange(2 * len(words))
        if comma < len(words) - 1:
            words[comma] += ","
        sentences.append(" ".join([words[0].capitalize(), *words[1:]]) + ".")
    text = " ".join([BOILERPLATE, *sentences] if boilerplate else sentences)
    return (text + "\n" if rng.random() < 0.2 else text).encode()


def documents(seed: int, count: int, *, shared: bool = True) -> tuple[bytes, ...]:
    """`count` documents of about 50 to 600 bytes from the one source that this game has; the eighth is empty.

    `shared`: a third of them begins with the same sentence.
    """
    rng = random.Random(seed)
    return tuple(
        b""
        if i == 7
        else _document(rng, rng.randint(20, 520), foreign=i % 4 == 1, boilerplate=shared and i % 3 == 2)
        for i in range(count)
    )


# What is scored, what the entries were trained on, and fresh text of the same source that nobody has seen.
TEXTS = documents(1, 40)
TRAINING = documents(2, 24, shared=False)
FRESH = documents(3, 100)
