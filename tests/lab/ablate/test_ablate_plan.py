"""Which runs there are and which run at once: pairs stay together where a clock ends them."""

import pytest

from paramgolf.lab.ablate.plan import pairs_of, rounds_of
from paramgolf.lab.ablate.variants import variants_of
from paramgolf.train.recipe.files import load_recipe

LOCAL = load_recipe("local-plain")
VARIANTS = variants_of(LOCAL, ["model.token_shift"], ["model.width=160", "fill=false"])


def rounds(slots: int, *, clock: bool, seeds: int = 3):
    return rounds_of(pairs_of(LOCAL, VARIANTS, seeds, clock=clock), slots, clock=clock)


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize("slots", [1, 2, 3, 4, 8])
def test_every_run_has_its_turn_once_and_none_waits_for_a_slot(slots, clock):
    planned = rounds(slots, clock=clock)
    folders = [run.folder for runs in planned for run in runs]
    assert len(set(folders)) == len(folders) == 3 * (6 if clock else 4)
    assert all(1 <= len(runs) <= slots for runs in planned)


@pytest.mark.parametrize("slots", [2, 3, 4])
def test_under_a_clock_base_and_variant_run_at_once(slots):
    pairs = pairs_of(LOCAL, VARIANTS, 2, clock=True)
    for runs in rounds_of(pairs, slots, clock=True):
        folders = {run.folder for run in runs}
        for of in pairs.values():
            for pair in of:
                assert (pair.base.folder in folders) == (pair.variant.folder in folders)


def test_on_one_core_they_alternate_and_who_goes_first_changes():
    labels = [[run.label for run in runs] for runs in rounds(1, clock=True, seeds=2)]
    assert labels[:2] == [["base"], ["model.token_shift = false"]]
    assert labels[6:8] == [["model.token_shift = false"], ["base"]]


def test_without_a_clock_one_base_a_seed_serves_all():
    pairs = pairs_of(LOCAL, VARIANTS, 2, clock=False)
    assert len({pair.base.folder for of in pairs.values() for pair in of}) == 2


def test_a_pair_has_one_seed_and_its_own_recipes():
    for of in pairs_of(LOCAL, VARIANTS, 3, clock=True).values():
        assert [pair.base.seed for pair in of] == [pair.variant.seed for pair in of] == [0, 1, 2]
        assert all(pair.base.recipe == LOCAL != pair.variant.recipe for pair in of)
