"""The public game's table and folders as history, on files of the same shape made by hand."""

import json

import pytest
from board_factory import add_entry

from paramgolf.board.intake.public_history import import_history, read_history
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings
from paramgolf.board.ranking.standings import Status
from paramgolf.errors import UsageError

PUBLIC = ("parameter-golf", "10min_16mb")


def row(name, score, date, **more):
    return {
        "section": "Leaderboard",
        "line": 1,
        "name": name,
        "score": score,
        "author": "Ada",
        "date": date,
        "summary": "On PR #2: more",
        "p_value_claims": [],
        "prs_mentioned": [],
        "pr_number": None,
        "folder": None,
    } | more


def record(folder, **more):
    return {
        "folder": folder,
        "track": "track_10min_16mb",
        "name": folder,
        "author": "Ada",
        "date": "2026-03-20",
    } | more


ROWS = [
    row("Better", 1.19, "2026-03-20", pr_number=2, prs_mentioned=[1, 2, 9], folder="2026-03-20_Better"),
    row("First", 1.22, "2026-03-18", pr_number=1),
    row(
        "Worse",
        1.21,
        "2026-03-21",
        pr_number=7,
        prs_mentioned=[2],
        p_value_claims=[{"p": 0.19, "versus": "#2"}],
    ),
    row("Odd", 1.5, "2026-03-19", section="Unlimited Compute Leaderboard", folder="2026-03-19_Odd"),
]
FOLDERS = [
    record(
        "2026-03-20_Better",
        claimed_val_bpb=1.18,
        seeds=[
            {
                "seed": 1,
                "val_bpb": 1.189,
                "artifact_bytes": 16_058_494,
                "conflicts": {"steps": {"a": 1, "b": 2}},
            },
            {"seed": 2, "val_bpb": 1.191, "artifact_bytes": None},
        ],
        std_val_bpb_from_seeds=0.0014,
        flags=["NOTE: two of three logs"],
        keys_that_nobody_knows={"x": [1]},
    ),
    record("2026-03-19_Odd", track="track_non_record_16mb"),
    record("a folder of its own", claimed_val_bpb=1.3, date="2026-03-22T10:00:00Z"),
]


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "public", ROWS, FOLDERS)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "board", create=True)


def write(folder, rows, folders):
    folder.mkdir()
    (folder / "leaderboard.json").write_text(json.dumps(rows))
    (folder / "records.json").write_text(json.dumps(folders))
    return folder


def test_every_row_and_every_folder_is_there_once_and_is_history(ledger, folder):
    import_history(ledger, folder)
    rows = read_standings(ledger).rows
    assert [(r.entry, r.track, r.score) for r in rows] == [
        ("pull-1", "10min_16mb", 1.22),
        ("2026-03-19_Odd", "non_record_16mb", 1.5),
        ("2026-03-20_Better", "10min_16mb", 1.19),
        ("pull-7", "10min_16mb", 1.21),
        ("a_folder_of_its_own", "10min_16mb", 1.3),
    ]
    assert {(r.status, r.place, r.verdict, r.gate) for r in rows} == {(Status.HISTORY, None, None, None)}
    assert all("not verified here" in r.status_reason for r in rows)


def test_what_contradicts_itself_stays_visible(ledger, folder):
    import_history(ledger, folder)
    better = read_standings(ledger).row("2026-03-20_Better")
    assert better.seed_scores == ((1, 1.189), (2, 1.191))
    assert better.artifact_bytes == 16_058_494
    for said in (
        "published as 1.1900, its folder claims 1.18000",
        "two of three logs",
        "seed 1: steps is given as 1 and as 2",
        "over 16,000,000 bytes with seed 1",
    ):
        assert said in better.status_reason
    assert "quotes p = 0.19 against #2" in read_standings(ledger).row("pull-7").status_reason


def test_it_descends_from_what_its_summary_names_but_not_from_what_it_is_compared_with(ledger, folder):
    import_history(ledger, folder)
    standings = read_standings(ledger)
    assert standings.row("2026-03-20_Better").parents == ("pull-1",)
    assert standings.row("pull-1").descendants == ("2026-03-20_Better",)
    assert standings.row("pull-7").parents == ()


def test_the_published_records_are_those_that_bettered_all_before(ledger, folder):
    import_history(ledger, folder)
    assert read_standings(ledger).records == {PUBLIC: ("pull-1", "2026-03-20_Better")}


def test_again_changes_nothing(ledger, folder):
    assert import_history(ledger, folder) == import_history(ledger, folder)
    assert len(ledger.events()) == 5


def test_history_is_never_compared_with_what_is_judged_here(ledger, folder, tmp_path):
    import_history(ledger, folder)
    add_entry(ledger, tmp_path / "mine", parents=("pull-1",))
    standings = read_standings(ledger)
    assert standings.row("mine").gate.compared_with is None
    assert "mine" in standings.row("pull-1").descendants


@pytest.mark.parametrize("name", ["pull-1", "2026-03-19_Odd"])
def test_a_name_of_history_cannot_be_handed_in(ledger, folder, tmp_path, name):
    import_history(ledger, folder)
    with pytest.raises(UsageError, match="history"):
        add_entry(ledger, tmp_path / name)


@pytest.mark.parametrize(
    ("rows", "folders", "message"),
    [
        ([row("x", "1.2", "2026-03-18")], [], "score"),
        ([row("x", 1.2, "yesterday")], [], "date"),
        ({}, [], "leaderboard.json"),
        ([], [record("x", seeds=[{}])], "records.json"),
        ([row("x", 1.2, "2026-03-18"), row("x", 1.3, "2026-03-18")], [], "twice"),
        ([row("x", 1.2, "2026-99-99")], [], "handed_in_at"),
    ],
)
def test_files_of_another_shape_are_refused_whole(tmp_path, rows, folders, message):
    with pytest.raises(UsageError, match=message):
        read_history(write(tmp_path / "public", rows, folders))


def test_there_have_to_be_files(tmp_path):
    with pytest.raises(UsageError, match="Give the folder"):
        read_history(tmp_path)
