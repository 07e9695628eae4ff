"""An entry's own words: the schema, and each contradiction with what was measured."""

import json
from pathlib import Path

import pytest
import tomli_w

from paramgolf.challenge import load_challenge
from paramgolf.corpus import documents_sha256
from paramgolf.errors import EntryError
from paramgolf.judge.entry import read_entry
from paramgolf.judge.papers import Papers
from paramgolf.judge.rules.registry import judge_papers
from paramgolf.judge.verdict import Finding, Outcome, SeedScore

DOCUMENTS = (b"one", b"two")
HASHES = ["a" * 64, "b" * 64]
LOG = [{"step": i, "seconds": 1.0 * i, "tokens": 100 * i, "loss": 2.0} for i in (1, 2, 3)]


def table(**changes):
    seeds = [
        {
            "seed": i,
            "artifact": f"seeds/{i}/model.pyz",
            "sha256": HASHES[i],
            "bits_per_byte": 2.0,
            "result": f"seeds/{i}/result.json",
            "log": f"seeds/{i}/log.jsonl",
            "manifest": f"seeds/{i}/manifest.json",
        }
        for i in (0, 1)
    ]
    return {
        "title": "A title",
        "authors": [{"name": "Ada"}],
        "challenge": "local",
        "track": "fixed",
        "record": False,
        "document_isolation": True,
        "parents": [],
        "hardware": "2 cores",
        "licence": "MIT",
        "seeds": seeds,
    } | changes


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "README.md").write_text("# A title\n")
    write(tmp_path, table())
    for i in (0, 1):
        seed = tmp_path / "seeds" / str(i)
        seed.mkdir(parents=True)
        result = {
            "seed": i,
            "challenge": "local",
            "artifact_sha256": HASHES[i],
            "artifact_bytes": 1000,
            "train_seconds": 300.0,
        }
        (seed / "result.json").write_text(json.dumps(result))
        write_log(seed / "log.jsonl", [row | {"loss": i} for row in LOG])
        splits = {"train": {"sha256": "0" * 64}, "validation": {"sha256": documents_sha256(DOCUMENTS)}}
        (seed / "manifest.json").write_text(json.dumps({"splits": splits}))
    return tmp_path


def write(folder: Path, content):
    (folder / "entry.toml").write_text(tomli_w.dumps(content))


def write_log(path: Path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def score(seed: int, **changes) -> SeedScore:
    values = {
        "seed": seed,
        "artifact_sha256": HASHES[seed],
        "artifact_bytes": 1000,
        "bits_per_byte": 2.0001,
        "bits": 12.0,
        "text_bytes": 6,
        "score_seconds": 1.0,
    }
    return SeedScore(**(values | changes))


def judged(folder: Path, scores=None, *, whole_text=True) -> dict[tuple[str, int | None], Finding]:
    papers = Papers(
        folder=folder,
        entry=read_entry(folder),
        challenge=load_challenge("local"),
        documents=DOCUMENTS,
        scores=scores or [score(0), score(1)],
        whole_text=whole_text,
    )
    return {(f.rule, f.seed): f for f in judge_papers(papers)}


def failed(findings) -> dict[tuple[str, int | None], str]:
    return {key: f"{f.measured} {f.evidence}" for key, f in findings.items() if f.outcome is Outcome.FAIL}


def test_honest_papers_contradict_nothing(folder):
    findings = judged(folder)
    assert failed(findings) == {}
    assert {f.rule for f in findings.values() if f.outcome is Outcome.UNDECIDED} == {"R14", "R18"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"track": "free"}, "track: got 'free'; expected 'fixed' or 'adaptive'"),
        ({"extra": 1}, "extra: no such key; did you mean 'track'? remove it, or use one of title, authors"),
        ({"record": "yes"}, "record: got 'yes'; expected a valid boolean"),
        ({"seeds": []}, "seeds: got []; list should have at least 1"),
        ({"title": "a\x1b[31m"}, r"title: got 'a\x1b[31m'; string should match pattern"),
    ],
)
def test_a_wrong_entry_says_which_key(folder, change, message):
    write(folder, table(**change))
    with pytest.raises(EntryError) as error:
        read_entry(folder)
    assert message in str(error.value)


@pytest.mark.parametrize("path", ["/etc/passwd", "../model.pyz", "a b"])
def test_artifacts_lie_inside_the_folder(folder, path):
    content = table()
    content["seeds"][0]["artifact"] = path
    write(folder, content)
    if path.startswith(("/", "..")) or " " in path:
        with pytest.raises(EntryError, match=r"seeds\.0\.artifact"):
            read_entry(folder)


def test_what_is_no_toml_or_too_large_is_refused(folder):
    (folder / "entry.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(EntryError, match="no TOML"):
        read_entry(folder)
    (folder / "entry.toml").write_bytes(b"#" * 100_000)
    with pytest.raises(EntryError, match=r"entry\.toml"):
        read_entry(folder)


def test_missing_files_are_named(folder):
    (folder / "README.md").unlink()
    (folder / "seeds" / "1" / "log.jsonl").unlink()
    message = failed(judged(folder))["R01", None]
    assert "README.md" in message
    assert "seeds/1/log.jsonl" in message


@pytest.mark.parametrize("name", ["verdict.json", "verdict.html"])
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_stands_where_the_verdict_is_written_is_named(folder, name, kind):
    path = folder / name
    path.mkdir() if kind == "folder" else path.symlink_to(folder / "README.md")
    assert f"{name} is no regular file" in judged(folder)["R01", None].evidence
    assert list(failed(judged(folder))) == [("R01", None)]


def test_a_verdict_of_before_is_no_problem(folder):
    (folder / "verdict.json").write_text("{}")
    assert failed(judged(folder)) == {}


def test_an_entry_for_another_challenge_fails(folder):
    write(folder, table(challenge="unlimited"))
    assert "'unlimited', judged as 'local'" in failed(judged(folder))["R01", None]


def test_a_claim_counts_for_nothing_and_must_be_true(folder):
    findings = judged(folder, [score(0, bits_per_byte=2.0006), score(1, bits_per_byte=1.9994)])
    assert list(failed(findings)) == [("R12", 0), ("R12", 1)]
    assert "2.0006 measured, 2.0000 claimed" in failed(findings)["R12", 0]


def test_another_artifact_than_the_one_named_fails(folder):
    assert ("R12", 1) in failed(judged(folder, [score(0), score(1, artifact_sha256="c" * 64)]))


def test_a_sample_decides_no_claim(folder):
    findings = judged(folder, [score(0, bits_per_byte=3.0), score(1)], whole_text=False)
    assert findings["R12", 0].outcome is Outcome.UNDECIDED


def test_without_a_score_nothing_is_claimed(folder):
    assert judged(folder, [None, score(1)])["R12", 0].outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("what", ["seed", "sha256"])
def test_the_same_seed_or_artifact_twice_fails(folder, what):
    content = table()
    content["seeds"][1][what] = content["seeds"][0][what]
    write(folder, content)
    assert "more than once" in failed(judged(folder))["R16", None]


def test_the_same_log_twice_fails(folder):
    log = (folder / "seeds" / "0" / "log.jsonl").read_bytes()
    (folder / "seeds" / "1" / "log.jsonl").write_bytes(log)
    assert "a log of" in failed(judged(folder))["R16", None]


def test_a_record_needs_its_seeds(folder):
    write(folder, table(record=True))
    assert judged(folder)["R16", None].mend == "Train 1 more."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([LOG[0], LOG[2]], "line 2: step 3 does not follow on step 1"),
        ([LOG[0] | {"seconds": 400.0}], "trained 400.0 s; the clock is 300 s"),
        ([LOG[1] | {"step": 1}, LOG[0] | {"step": 2}], "line 2: step 2"),
        ([{"step": 1}], "line 1: expected an object"),
    ],
)
def test_a_log_that_cannot_be_is_named_with_its_line(folder, rows, message):
    write_log(folder / "seeds" / "0" / "log.jsonl", rows)
    assert message in failed(judged(folder))["R15", 0]


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", 7), ("artifact_sha256", "d" * 64), ("artifact_bytes", 5), ("train_seconds", 310)],
)
def test_a_result_of_another_run_is_named(folder, key, value):
    path = folder / "seeds" / "0" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert ("R15", 0) in failed(judged(folder))


def test_training_data_that_kept_other_documents_out_fail(folder):
    path = folder / "seeds" / "0" / "manifest.json"
    path.write_text(json.dumps({"splits": {"validation": {"sha256": "1" * 64}}}))
    assert ("R14", 0) in failed(judged(folder))


@pytest.mark.parametrize("junk", [b"", b"[1]", b"{" * 100_000, b"\xff", b'{"splits": 3}'])
def test_junk_in_papers_is_a_finding_never_a_crash(folder, junk):
    for name in ("result.json", "log.jsonl", "manifest.json"):
        (folder / "seeds" / "0" / name).write_bytes(junk)
    findings = judged(folder)
    assert findings["R15", 0].outcome is Outcome.FAIL
