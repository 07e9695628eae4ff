"""Results of runs, made by hand."""

from dataclasses import replace
from typing import Any

from paramgolf.lab.run.result import Environment, Result


def made_result(**changes: Any) -> Result:
    """A proven run of nothing."""
    environment = Environment(
        torch="2",
        python="3",
        paramgolf="0",
        device="CPU",
        dtype="float32",
        threads=1,
        processes=1,
        compiled=False,
        score_threads=1,
    )
    result = Result(
        challenge="local",
        recipe="local",
        seed=0,
        commit=None,
        environment=environment,
        parameters=10,
        train_tokens=10,
        train_seconds=1.0,
        warmup_seconds=1.0,
        tokens_per_second=10.0,
        artifact_bytes=498_312,
        artifact_limit=500_000,
        bits_per_byte=2.0958,
        bits_per_byte_unquantised=2.09,
        documents=300,
        text_bytes=1_000_129,
        compressed_bytes=262_001,
        proven=True,
        score_seconds=1.0,
        prove_seconds=1.0,
        isolation="bubblewrap",
        compressors={"xz": 3.0, "zstd": 3.1, "brotli": 2.9},
        artifact_sha256="ab" * 32,
        ledger=[("code", 498_312)],
        proof_documents=300,
        proof_text_bytes=1_000_129,
        proof_failure=None,
        corpus="some text",
        train_bytes_per_token=3.0,
        train_epochs=1.0,
        steps=1,
        bits_per_weight=3.0,
        samples=[],
        settings={"challenge": {"objective": "bits_per_byte"}},
    )
    return replace(result, **changes)
