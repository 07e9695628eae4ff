"""The papers of an entry with one seed, for tests of rules that judge a seed."""

import json
from pathlib import Path

from paramgolf.challenge import load_challenge
from paramgolf.judge.entry import EnteredSeed, Entry
from paramgolf.judge.papers import Papers
from paramgolf.judge.reproduction import Reproduction, Trained
from paramgolf.judge.verdict import SeedScore

AGAIN = Reproduction(
    seed=0, same_tokens=True, trained=Trained(tokens=1000, seconds=250.0), bits_per_byte=2.001
)


def seed_score(bits_per_byte: float) -> SeedScore:
    """What was measured of the seed's artifact."""
    return SeedScore(
        seed=0,
        artifact_sha256="a" * 64,
        artifact_bytes=1000,
        bits_per_byte=bits_per_byte,
        bits=16.0,
        text_bytes=8,
        score_seconds=1.0,
    )


def seed_papers(
    folder: Path, again: Reproduction | None, manifest: object = None
) -> tuple[Papers, EnteredSeed]:
    """An entry of the challenge `local` with seed 0, whose manifest is that one."""
    seed = EnteredSeed(
        seed=0, artifact="model.pyz", sha256="a" * 64, bits_per_byte=2.0, manifest="manifest.json"
    )
    if manifest is not None:
        (folder / "manifest.json").write_text(json.dumps(manifest))
    entry = Entry(
        title="A title",
        authors=[{"name": "Ada"}],
        challenge="local",
        track="fixed",
        record=False,
        document_isolation=True,
        parents=[],
        hardware="2 cores",
        licence="MIT",
        seeds=[seed],
    )
    papers = Papers(
        folder=folder,
        entry=entry,
        challenge=load_challenge("local"),
        documents=[b"text"],
        scores=[None],
        whole_text=True,
        reproduction=again,
    )
    return papers, seed
