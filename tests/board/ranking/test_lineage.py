"""Descendants and ancestors, whatever entries declare."""

from hypothesis import given
from hypothesis import strategies as st

from paramgolf.board.ranking.lineage import Lineage

NAMES = st.sampled_from("abcdefg")


def test_descendants_come_through_others_in_order():
    lineage = Lineage({"d": ["c"], "a": [], "b": ["a", "nobody"], "c": ["b"]})
    assert lineage.descendants("a") == ("d", "b", "c")
    assert lineage.ancestors("d") == ("a", "b", "c")
    assert lineage.descendants("d") == ()


@given(parents=st.dictionaries(NAMES, st.lists(NAMES, max_size=4)))
def test_cycles_and_unknown_names_are_harmless_and_both_ways_agree(parents):
    lineage = Lineage(parents)
    for name in parents:
        assert name not in lineage.descendants(name)
        for other in lineage.descendants(name):
            assert name in lineage.ancestors(other)
