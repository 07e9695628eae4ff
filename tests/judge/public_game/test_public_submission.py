"""The dialects of submission files: each value is found with its path; what is broken is said, and never crashes."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.errors import EntryError
from paramgolf.judge.public_game.claims import PublicSubmission
from paramgolf.judge.public_game.submission import LARGEST_SUBMISSION, MOST_SEEDS, read_submission


def read(document) -> PublicSubmission:
    return read_submission(json.dumps(document).encode())


SCORES = [
    ({"val_bpb": 1.2}, "val_bpb"),
    ({"mean_val_bpb": 1.2}, "mean_val_bpb"),
    ({"val_bpb": 1.2, "mean_bpb": 1.3, "pre_quant_val_bpb": 1.1}, "val_bpb"),
    ({"val_loss": 1.2}, "val_loss"),
]


@pytest.mark.parametrize(("document", "path"), SCORES)
def test_the_score_is_found_under_its_plainest_name(document, path):
    score = read(document).bits_per_byte
    assert (score.value, score.path) == (1.2, path)


SEEDS = [
    {
        "seed_results": {
            "42": {"val_bpb": 1.1, "artifact_bytes": 7},
            "7": {"val_bpb": 1.3, "artifact_bytes": 9},
        }
    },
    {"seeds": {"42": {"val_bpb": 1.1, "bytes_total": 7}, "7": {"val_bpb": 1.3, "bytes_total": 9}}},
    {
        "seed_results": [
            {"seed": 42, "val_bpb": 1.1, "artifact_bytes": 7},
            {"seed": "7", "val_bpb": 1.3, "artifact_bytes": 9},
        ]
    },
]


@pytest.mark.parametrize("document", SEEDS)
def test_scores_a_seed_come_as_a_table_or_a_list(document):
    submission = read(document)
    assert submission.seeds == (42, 7)
    assert [claim.bits_per_byte.value for claim in submission.seed_claims] == [1.1, 1.3]
    assert submission.total_bytes.value == 9, "no total is stated, so the largest of the seeds"


def test_bare_scores_beside_a_list_of_seeds():
    claims = read({"seeds": [42, 0], "seed_scores": [1.1, 1.3]}).seed_claims
    assert [(c.seed, c.bits_per_byte.value, c.bits_per_byte.path) for c in claims] == [
        (42, 1.1, "seed_scores[0]"),
        (0, 1.3, "seed_scores[1]"),
    ]


def test_times_come_in_seconds_milliseconds_and_lists():
    assert read({"wallclock_seconds": 599.5}).train_seconds.value == 599.5
    assert read({"eval_time_seconds": [83, 85]}).eval_seconds.value == 85
    assert (
        read({"compliance": {"train_time_max_s": 598.0}}).train_seconds.path == "compliance.train_time_max_s"
    )
    (claim,) = read({"seeds": {"1": {"train_time_ms": 588004, "ttt_time_ms": 293430}}}).seed_claims
    assert (claim.train_seconds.value, claim.eval_seconds.value) == (588.004, 293.43)
    assert claim.eval_seconds.path == "seeds.1.ttt_time_ms"


def test_all_runs_that_a_file_discloses_are_kept_apart():
    submission = read(
        {
            "seeds": [1],
            "seed_results": {"1": {"val_bpb": 1.0}},
            "seed_results_all_runs_disclosure": {"all_val_bpb": {"1": 1.0, "2": 1.2}, "note": "x"},
        }
    )
    assert [claim.bits_per_byte.value for claim in submission.every_run] == [1.0, 1.2]
    assert len(submission.seed_claims) == 1


def test_what_cannot_be_used_is_said_with_its_path():
    submission = read({"val_bpb": "low", "bytes_total": {"a": 1}, "seed_results": {"1": {"steps": True}}})
    assert submission.bits_per_byte is None
    assert submission.problems == (
        "val_bpb is 'low', expected a number",
        "bytes_total is a dict, expected a number",
        "seed_results.1.steps is True, expected a number",
    )


def test_what_is_said_twice_is_noted():
    assert read_submission(b'{"val_bpb": 1, "val_bpb": 2}').repeated == (
        "the key 'val_bpb' stands there twice",
    )
    assert read({"seeds": [1, 2, 1]}).repeated == ("seeds names seed 1 twice",)
    assert read({"seed_results": [{"seed": 3}, {"seed": 3}]}).repeated == ("seed_results names seed 3 twice",)


BROKEN = [
    b"",
    b"{",
    b"[1]",
    b'"text"',
    b'{"val_bpb": NaN}',
    b'{"val_bpb": -Infinity}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"val_bpb": ' + b"9" * 10_000 + b"}",
    b" " * (LARGEST_SUBMISSION + 1),
]


@pytest.mark.parametrize("data", BROKEN)
def test_what_is_no_json_object_is_one_clear_error(data):
    with pytest.raises(EntryError, match="submission file"):
        read_submission(data)


def test_texts_are_made_fit_for_a_terminal():
    submission = read({"name": "a\x1b[31m\nb\ud800" + "c" * 1000, "author": ["x", "y", 3]})
    assert submission.name.value.startswith("a [31m b ccc")
    assert len(submission.name.value) < 310
    assert submission.author.value == "x, y"


def test_a_flood_of_seeds_is_cut():
    submission = read({"seed_results": {str(seed): {"val_bpb": 1.0} for seed in range(20_000)}})
    assert len(submission.seed_claims) == MOST_SEEDS
    assert "20,000 rows" in submission.problems[0]


NAMES = (
    "val_bpb val_loss seeds seed seed_results seed_scores 42 7 bytes_total artifact_bytes name author track runs "
    "compliance artifact_bytes_max eval_time_seconds train_time_ms steps seed_results_all_runs_disclosure"
)
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, JSON, max_size=8))
def test_any_json_under_the_known_names_gives_a_submission(document):
    submission = read(document)
    score = submission.bits_per_byte
    assert score is None or isinstance(score.value, float)
    assert all(isinstance(seed, int) for seed in submission.seeds)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_submission_or_an_entry_error(data):
    with contextlib.suppress(EntryError):
        assert isinstance(read_submission(data), PublicSubmission)
