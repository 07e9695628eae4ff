"""The search for a tokenizer: which candidates there are, and that measured bits decide."""

from io import StringIO

import pytest
from rich.console import Console

from paramgolf.cli.app import main
from paramgolf.errors import ConfigError, UsageError
from paramgolf.lab.ablate.ablate import Ablation, Effect
from paramgolf.lab.ablate.corpus import HeldBack
from paramgolf.lab.ablate.one_run import Measured
from paramgolf.lab.ablate.paired import paired
from paramgolf.lab.ablate.tokenizer_search import candidates_of, print_search
from paramgolf.train.recipe.files import recipe_from

LOCAL = recipe_from({"tokenizer": {"kind": "bpe", "vocab_size": 2048}}, "local", "a test")


def names(*arguments):
    return [variant.label for variant in candidates_of(LOCAL, *arguments)]


def test_candidates_are_all_but_the_recipes_own():
    assert LOCAL.tokenizer.vocab_size == 2048
    assert names([1024, 2048], ["bpe", "unigram"], [False]) == ["bpe 1024", "unigram 1024", "unigram 2048"]
    assert names([2048], ["bpe"], [False, True]) == ["bpe 2048, case"]


def test_a_candidate_is_the_recipe_with_another_tokenizer():
    (variant,) = candidates_of(LOCAL, [4096], ["unigram"], [True])
    tokenizer = variant.recipe.tokenizer
    assert (tokenizer.kind, tokenizer.vocab_size, tokenizer.case) == ("unigram", 4096, True)
    assert variant.recipe.model.vocab_size == 4096
    assert variant.recipe.training == LOCAL.training


def test_candidates_that_cannot_be_say_what_is_allowed():
    with pytest.raises(ConfigError, match=r"tokenizer.vocab_size: got 100"):
        names([100], ["bpe"], [False])
    with pytest.raises(ConfigError, match=r"tokenizer.kind: got 'wordpiece'; .*'bpe' or 'unigram'"):
        names([1024], ["wordpiece"], [False])
    with pytest.raises(UsageError, match="the only candidate is the recipe's own tokenizer, bpe 2048"):
        names([2048], ["bpe"], [False])


def test_a_wrong_list_of_vocabularies_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["tokenizers", "search", "--vocab", "1024;2048"])
    assert "--vocab is '1024;2048'; give whole numbers" in capsys.readouterr().err


def measured(bits: float, bytes_per_token: float) -> Measured:
    return Measured(
        float_bits_per_byte=bits,
        packed_bits_per_byte=bits,
        artifact_bytes=100,
        tokenizer_bytes=50,
        parameters=1,
        tokens=1,
        steps=1,
        seconds=1.0,
        tokens_per_second=1.0,
        bytes_per_token=bytes_per_token,
        device="",
    )


def shown(*candidates: tuple[str, list[float], float]) -> str:
    """The table for candidates with their bits and bytes a token, where the recipe's own always has 2.0."""
    comparisons = [
        Effect(
            change=name,
            base=[measured(2.0, 3.0) for _ in bits],
            variant=[measured(b, bytes_per_token) for b in bits],
            packed=paired([b - 2.0 for b in bits]),
            unpacked=paired([b - 2.0 for b in bits]),
        )
        for name, bits, bytes_per_token in candidates
    ]
    ablation = Ablation(
        recipe="local",
        challenge="local",
        corpus="texts",
        seeds=2,
        budget="60 s",
        held_back=HeldBack(documents=1, bytes=1, by_site=True),
        at_once=2,
        commit=None,
        comparisons=comparisons,
    )
    console = Console(file=StringIO(), width=140)
    print_search(ablation, LOCAL.tokenizer, console)
    return console.file.getvalue()


def test_the_fewest_bits_win_not_the_fewest_tokens():
    text = shown(("bpe 9000", [2.2, 2.2], 9.0), ("bpe 500", [1.9, 1.9], 2.0))
    assert "Best: bpe 500, 0.1000 bits per byte below" in text
    assert text.index("bpe 500") < text.index("bpe 2048 (own)") < text.index("bpe 9000")
    assert "But" not in text


def test_a_lead_within_noise_is_called_so_and_no_lead_keeps_the_own():
    assert "But: within noise" in shown(("bpe 500", [1.9, 2.09], 2.0))
    assert "Best: bpe 2048, the recipe's own." in shown(("bpe 500", [2.1, 2.1], 2.0))
