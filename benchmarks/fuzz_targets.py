"""All that benchmarks/fuzz.py feeds: every reader of untrusted bytes, with valid inputs to begin from."""

from fuzz_artifacts import ARTIFACTS
from fuzz_board import BOARD
from fuzz_entries import ENTRIES
from fuzz_files import FILES
from fuzz_inputs import Target
from fuzz_public import PUBLIC

TARGETS: dict[str, Target] = {**ARTIFACTS, **ENTRIES, **PUBLIC, **BOARD, **FILES}
