"""The account of bytes, as rows and on a terminal."""

import io
import json

from rich.console import Console

from paramgolf.pack.byte_ledger import ByteLedger

LEDGER = ByteLedger(
    code=6000,
    tokenizer=2000,
    config=200,
    groups={"mlp": 100, "embedding": 30000},
    coder_tables=50,
    zip_overhead=1000,
)


def test_total_is_the_sum_of_all_parts():
    assert LEDGER.total == 39350
    assert LEDGER.weights == 30150


def test_largest_group_comes_first():
    assert LEDGER.rows()[0] == ("weights: embedding", 30000)


def test_dictionary_is_json():
    assert json.loads(json.dumps(LEDGER.to_dict()))["groups"] == {"mlp": 100, "embedding": 30000}


def test_table_names_parts_total_and_what_is_left():
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(LEDGER.table(limit=40000))
    text = console.export_text()
    for part in ("weights: embedding", "30,000", "39,350", "limit 40,000 bytes, 650 left"):
        assert part in text
