"""A folder of the public game gets a verdict from its papers: what is missing, what contradicts itself."""

import base64
import json
import lzma
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.errors import UsageError
from paramgolf.judge.public_game import examine_public_entry
from paramgolf.judge.verdict import Outcome, Validity, read_verdict, write_verdict

SCORES = {42: 1.0801, 314: 1.0803, 999: 1.0811}
TOKENS, VALIDATION_BYTES = 47_851_520, 151_000_000
PROGRAM = 'raise SystemExit("this was run")\n'
CODE_BYTES = len(PROGRAM)


def log(seed, score, *, total=15_990_000, code=CODE_BYTES, train_ms=588_047, eval_ms=366_525, **more):
    """A log as the public trainer prints it, with the loss that belongs to the score and the bytes."""
    loss = score * 0.6931471805599453 * more.get("counted", VALIDATION_BYTES) / TOKENS
    return (
        f"seed:{seed}\nval_tokens: {TOKENS}\nmodel_params:35989658\nworld_size:8\n"
        f"step:1/20000 train_loss:9.{seed:04d} train_time:116ms step_avg:116.0ms\n"
        f"stopping_early: wallclock_cap train_time:{train_ms}ms step:{more.get('steps', 5069)}/20000\n"
        f"diagnostic pre-quantization post-ema val_loss:{loss:.8f} val_bpb:{score - 0.01:.8f} eval_time:6721ms\n"
        f"{more.get('extra', '')}"
        f"Serialized model: 135592891 bytes\nCode size: {code} bytes\n"
        f"Serialized model quantized+brotli: {total - code} bytes\n"
        f"Total submission size quantized+brotli: {total} bytes\n"
        f"quantized_ttt val_loss:{loss:.8f} val_bpb:{score:.8f} eval_time:{eval_ms}ms\n"
    )


def submission(scores=SCORES, **changes):
    document = {
        "name": "Parallel residuals",
        "author": "someone",
        "track": "10min_16mb",
        "val_bpb": round(sum(scores.values()) / len(scores), 8),
        "bytes_total": 15_990_000,
        "bytes_code": CODE_BYTES,
        "seeds": list(scores),
        "seed_results": {str(seed): {"val_bpb": score} for seed, score in scores.items()},
    }
    return {key: value for key, value in (document | changes).items() if value is not None}


@pytest.fixture
def make(tmp_path):
    """Write a folder that is consistent, with some files changed, added, or (None) left out."""

    def write(document=None, **changes):
        files = {
            "README.md": "# Parallel residuals\n",
            "submission.json": json.dumps(submission() if document is None else document),
            "train_gpt.py": PROGRAM,
        }
        files |= {f"train_seed{seed}.log": log(seed, score) for seed, score in SCORES.items()}
        root = tmp_path / "track_10min_16mb" / "2026-04-08_ParallelResid"
        for path, text in (files | changes).items():
            if text is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
        return root

    return write


def findings(folder, outcome):
    verdict = examine_public_entry(folder)
    assert verdict.standing is not Validity.VALID
    assert verdict.depth == "papers only"
    return [f for f in verdict.findings if f.outcome is outcome]


def only(folder, rule, outcome=Outcome.FAIL):
    """The one finding of that outcome, which must be of that rule."""
    (finding,) = findings(folder, outcome)
    assert finding.rule == rule
    assert finding.mend
    return finding


def test_papers_without_contradiction_are_consistent_and_nothing_is_run(make, tmp_path):
    verdict = examine_public_entry(make())
    assert verdict.standing is Validity.CONSISTENT
    assert [finding.rule for finding in verdict.findings] == ["R01", "R02", "R09", "R12", "R15", "R16"]
    assert verdict.title == "Parallel residuals"
    assert verdict.environment["stated score"] == "1.0805 (val_bpb)"
    write_verdict(tmp_path / "verdict.json", verdict)
    assert read_verdict(tmp_path / "verdict.json") == verdict


NEAR_MISSES = {
    "a claim rounded to four places": (submission(val_bpb=1.0805), {}),
    "one log copied under a plain name": (None, {"train.log": log(42, SCORES[42])}),
    "a baseline's log in the folder": (
        None,
        {"logs/baseline_s7.txt": log(7, 1.3).replace("35989658", "17059912")},
    ),
    "one step late": (None, {"train_seed42.log": log(42, SCORES[42], train_ms=600_100)}),
    "an early validation export, 3 % longer": (
        None,
        {"train_seed42.log": log(42, SCORES[42], counted=155_800_000)},
    ),
    "no total, as the seeds state it": (
        submission(
            bytes_total=None,
            seed_results={str(s): {"val_bpb": b, "artifact_bytes": 15_990_000} for s, b in SCORES.items()},
        ),
        {},
    ),
    "a helper to make the data": (None, {"prepare_data.py": "x = 1\n" * 100_000}),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_what_only_looks_odd_stays_consistent(make, name):
    document, files = NEAR_MISSES[name]
    assert examine_public_entry(make(document, **files)).standing is Validity.CONSISTENT


def test_a_packed_program_may_be_smaller_than_its_log_counted(make):
    raw = lzma.compress(PROGRAM.encode(), format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}])
    text = base64.b85encode(raw).decode()
    program = f'import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("{text}"),format=L.FORMAT_RAW))'
    logs = {f"train_seed{s}.log": log(s, b, total=16_040_000, code=60_000) for s, b in SCORES.items()}
    folder = make(
        submission(bytes_code=len(program), bytes_total=15_980_000 + len(program)),
        **logs,
        **{"train_gpt.py": program},
    )
    assert examine_public_entry(folder).standing is Validity.CONSISTENT


CONTRADICTIONS = {
    "logged over the cap": (
        "R02",
        None,
        {"train_seed42.log": log(42, SCORES[42], total=16_000_001)},
        "1 over",
    ),
    "declared over the cap": ("R02", submission(bytes_total=16_777_216), {}, "777,216 over"),
    "a stub that runs its uncounted sibling": (
        "R02",
        None,
        {"train_gpt.py": "exec(open('decode.py').read())", "decode.py": "x = 1\n" * 10_000},
        "over",
    ),
    "a helper that is imported and not counted": (
        "R02",
        None,
        {"train_gpt.py": "import ngram_tilt\n", "ngram_tilt.py": "#" * 20_000},
        "over",
    ),
    "trained too long": ("R09", None, {"train_seed42.log": log(42, SCORES[42], train_ms=617_000)}, "617.0 s"),
    "evaluated too long": (
        "R09",
        None,
        {"train_seed42.log": log(42, SCORES[42], eval_ms=600_500)},
        "600.5 s",
    ),
    "declared too long": ("R09", submission(eval_time_seconds=[590, 610]), {}, "610.0 s"),
    "mean better than its seeds": ("R12", submission(val_bpb=1.0795), {}, "mean of 3 seeds 1.0805"),
    "a seed better than its log": (
        "R12",
        None,
        {"train_seed42.log": log(42, 1.0850)},
        "claimed 1.0801, logged 1.085",
    ),
    "the model before quantisation": (
        "R12",
        submission({42: 1.0701, 314: 1.0703, 999: 1.0711}),
        {},
        "claimed 1.07",
    ),
    "below what is possible": (
        "R12",
        submission({42: 0.0000035, 314: 0.0000035, 999: 0.0000035}),
        {f"train_seed{seed}.log": None for seed in SCORES},
        "3.5e-06",
    ),
    "bytes counted twice": (
        "R12",
        None,
        {f"train_seed{s}.log": log(s, b, counted=1.17 * VALIDATION_BYTES) for s, b in SCORES.items()},
        "176,6",
    ),
    "a part of the validation text": (
        "R12",
        None,
        {
            f"train_seed{s}.log": log(s, b).replace(f"val_tokens: {TOKENS}", "val_tokens: 9700000")
            for s, b in SCORES.items()
        },
        "30,6",
    ),
    "the best of three runs": (
        "R12",
        submission(seeds=None, seed_results=None, val_bpb=1.0801),
        {},
        "one run of 3; their mean is 1.0805",
    ),
    "one log under three names": (
        "R15",
        submission(seeds=[42, 314], seed_results=None, val_bpb=1.0801),
        {
            "train_seed42.log": log(42, 1.0801),
            "train_seed314.log": log(42, 1.0801).replace("seed:42", "seed:314"),
        }
        | {"train_seed999.log": None},
        "1 logs are copies",
    ),
    "one seed printed in every log": (
        "R16",
        None,
        {f"train_seed{s}.log": log(s, b).replace(f"seed:{s}", "seed:42") for s, b in SCORES.items()},
        "2 logs print another seed",
    ),
    "one seed in logs without a name": (
        "R16",
        submission(seed_results=None),
        {f"train_seed{s}.log": None for s in SCORES}
        | {
            f"run_{chr(97 + i)}.log": log(s, b).replace(f"seed:{s}", "seed:42")
            for i, (s, b) in enumerate(SCORES.items())
        },
        "one seed printed in every log",
    ),
    "a bad seed left out": ("R16", None, {"train_seed7.log": log(7, 1.0900)}, "best 3 of 4"),
    "disclosed best of": (
        "R16",
        submission(
            seed_results_all_runs_disclosure={
                "all_val_bpb": {str(s): b for s, b in (SCORES | {7: 1.09}).items()}
            }
        ),
        {},
        "best 3 of 4",
    ),
    "a seed twice": ("R01", submission(seeds=[42, 314, 999, 42]), {}, "said twice"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_found_by_their_rule(make, name):
    rule, document, files, measured = CONTRADICTIONS[name]
    folder = make(document, **files)
    failed = findings(folder, Outcome.FAIL)
    assert {finding.rule for finding in failed} == {rule}
    assert measured in failed[0].measured
    assert all(finding.mend and finding.evidence for finding in failed)
    assert examine_public_entry(folder).standing is Validity.INVALID


OPEN = {
    "no log": ("R15", None, {f"train_seed{seed}.log": None for seed in SCORES}),
    "a log of a seed is missing": ("R15", None, {"train_seed42.log": None}),
    "no README": ("R01", None, {"README.md": None}),
    "no program": ("R01", None, {"train_gpt.py": None}),
    "no submission": ("R01", None, {"submission.json": None}),
    "no score": ("R12", submission(val_bpb=None, seed_results=None), {}),
    "a text for a number": ("R01", submission(bytes_total="16MB"), {}),
    "a claim worse than its logs": ("R12", submission(val_bpb=1.0815), {}),
    "a smaller total declared, all under the cap": ("R02", submission(bytes_total=15_000_000), {}),
    "fewer code bytes declared": ("R02", submission(bytes_code=1), {}),
    "calibration after the clock": (
        "R09",
        None,
        {"train_seed42.log": log(42, SCORES[42], extra="GPTQ:collected 67 Hessians in 46.0s\n")},
    ),
    "one seed alone": (
        "R16",
        submission({42: 1.0801}),
        {"train_seed314.log": None, "train_seed999.log": None},
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_missing_or_gains_nothing_is_left_open(make, name):
    rule, document, files = OPEN[name]
    folder = make(document, **files)
    assert not findings(folder, Outcome.FAIL)
    assert rule in {finding.rule for finding in findings(folder, Outcome.UNDECIDED)}
    assert examine_public_entry(folder).standing is Validity.UNDECIDED


def test_a_non_record_entry_has_no_clock(make):
    folder = make(submission(track="non-record-unlimited-compute-16mb", wallclock_seconds=14_400))
    verdict = examine_public_entry(folder)
    assert (verdict.record, verdict.standing) == (False, Validity.CONSISTENT)


def test_hostile_files_are_named_and_nothing_of_the_host_is_read(make, tmp_path):
    folder = make(**{"submission.json": None, "README.md": None})
    (tmp_path / "secret.json").write_text('{"name": "of the host"}')
    (folder / "submission.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(folder / "train.log")
    (folder / "README.md").symlink_to("/dev/zero")
    with open(folder / "huge.log", "wb") as handle:
        handle.truncate(2**36)
    failed = only(folder, "R01")
    for name in (
        "'submission.json' is a symbolic link",
        "'train.log' is a FIFO",
        "'huge.log'",
        "'README.md'",
    ):
        assert name in failed.evidence
    assert examine_public_entry(folder).title != "of the host"


def test_a_bomb_and_broken_json_are_named(make):
    bomb = base64.b85encode(lzma.compress(bytes(2**23))).decode()
    folder = make(**{"submission.json": "{", "train_gpt.py": f'exec(lzma.decompress(b85decode("{bomb}")))'})
    assert "is no JSON" in only(folder, "R01").evidence
    assert any("unpacks to more than" in finding.evidence for finding in findings(folder, Outcome.UNDECIDED))


def test_an_empty_folder_is_undecided_and_no_folder_is_a_usage_error(tmp_path):
    assert examine_public_entry(tmp_path).standing is Validity.UNDECIDED
    with pytest.raises(UsageError, match="is no folder"):
        examine_public_entry(tmp_path / "missing")


NAMES = st.sampled_from(["submission.json", "train.log", "train_gpt.py", "README.md", "a_seed1.txt", "b.log"])
WHOLE = [
    json.dumps(submission()).encode(),
    log(42, 1.08).encode(),
    log(1, 0.2, total=17_000_000).encode(),
    b"\0\xff",
]


@settings(max_examples=60)
@given(st.dictionaries(NAMES, st.sampled_from(WHOLE) | st.binary(max_size=60)), st.integers(0, 400))
def test_any_files_get_a_verdict(tmp_path_factory, files, cut):
    folder = tmp_path_factory.mktemp("entry")
    for name, data in files.items():
        (folder / name).write_bytes(data[:-cut] if cut else data)
    verdict = examine_public_entry(folder)
    assert verdict.standing is not Validity.VALID
    assert {"R01", "R02", "R09", "R12", "R15", "R16"} <= {finding.rule for finding in verdict.findings}
