"""The whole road: data, training, packing, score, proof, comparison, samples, result.json, report.html."""

import math
import platform
from pathlib import Path

import torch

from paramgolf import __version__
from paramgolf.common import folders
from paramgolf.common.files import sha256_of
from paramgolf.corpus import read_documents, read_manifest
from paramgolf.errors import ProofError
from paramgolf.lab.recipes.size_forecast import foresee
from paramgolf.lab.report.report import write_report
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.data import prepare_data
from paramgolf.lab.run.environment import commit
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.measure import draw_samples, unquantised_bits_per_byte
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.result import Environment, Result, read_result, write_result
from paramgolf.lab.run.settings import RunSettings
from paramgolf.lab.run.summary import in_words, key_values, next_commands
from paramgolf.lab.run.target import read_target
from paramgolf.lab.run.training import train_in
from paramgolf.pack.pack import PackResult
from paramgolf.score import (
    ENTRY_THREADS,
    Isolation,
    Proof,
    Score,
    documents_to_prove,
    general_compressors,
    prove_artifact,
    sandbox_failure,
    score_artifact,
)
from paramgolf.train.data.tokens import open_tokens
from paramgolf.train.device import usable_cores
from paramgolf.train.ranks.ranks import is_first


def run(settings: RunSettings, out: Path, reporter: Reporter) -> Result | None:
    """Leave a proven artifact, its result and its report in `out`; what is there already is not done again.

    Under torchrun every process calls this; the first alone does all but the training, and returns the result.

    Raises:
        UsageError: `out` holds another run, or the recipe's artifact would be far too large.
        ProofError: the artifact was not proven; result and report are there and say so.
        ParamgolfError: a step failed; the same call goes on from there.
    """
    folder = RunFolder(out)
    if is_first():
        folder.refuse_other(settings)
    # Decided on every rank, from files that none writes before all have joined.
    if not _finished(folder):
        if folder.trained() is None:
            foresee(settings.recipe, settings.challenge, reporter.warn if is_first() else lambda line: None)
        train_in(settings, folder, reporter)
        if is_first():
            write_result(folder.result, _measure(settings, folder, reporter))
    elif is_first():
        reporter.say(f"{out} is finished already; remove it to run again")
    return _close(folder, reporter) if is_first() else None


def choose_isolation(reporter: Reporter) -> Isolation:
    """bubblewrap, or none with a warning where it does not work: for one's own artifact only."""
    failure = sandbox_failure()
    if failure is None:
        return Isolation.BUBBLEWRAP
    reporter.warn(
        f"the artifact is scored WITHOUT a sandbox, and the result will say so (isolation: none). {failure}"
    )
    return Isolation.NONE


def _finished(folder: RunFolder) -> bool:
    """Whether result.json is that of model.pyz."""
    if not (folder.result.exists() and folder.artifact.exists()):
        return False
    return read_result(folder.result).artifact_sha256 == sha256_of(folder.artifact)


def _measure(settings: RunSettings, folder: RunFolder, reporter: Reporter) -> Result:
    """Pack what was trained and measure it."""
    prepare_data(settings, folder, reporter.say)
    reporter.heading("Packing")
    packed = pack_run(settings, folder)
    reporter.console.print(packed.ledger.table(settings.challenge.artifact_bytes))
    torch.set_num_threads(usable_cores())
    documents = list(read_documents(folder.validation))
    isolation = choose_isolation(reporter)
    score = _score(settings, folder, documents, isolation, reporter)
    proof = _prove(settings, folder, documents, score, reporter)
    reporter.heading("Comparing")
    unquantised = _unquantised(settings, folder, documents, reporter)
    compressors = general_compressors(b"".join(documents))
    reporter.say("; ".join(f"{name} {bits:.2f}" for name, bits in compressors.items()) + " bits per byte")
    samples = draw_samples(folder.artifact, isolation=isolation, threads=ENTRY_THREADS, seed=settings.seed)
    return _result(settings, folder, packed, score, proof, unquantised, compressors, samples)


def _unquantised(
    settings: RunSettings, folder: RunFolder, documents: list[bytes], reporter: Reporter
) -> float | None:
    if settings.recipe.is_no_model_unrounded():
        reporter.say("unquantised: none; weights trained through coarse rounding are no model without it")
        return None
    with reporter.progress() as progress:
        bits = unquantised_bits_per_byte(settings.recipe, folder.checkpoint, folder.data, documents, progress)
    reporter.say(f"unquantised: {bits:.4f} bits per byte")
    return bits


def _score(
    settings: RunSettings,
    folder: RunFolder,
    documents: list[bytes],
    isolation: Isolation,
    reporter: Reporter,
) -> Score:
    reporter.heading("Scoring")
    with reporter.progress() as progress:
        score = score_artifact(
            folder.artifact,
            documents,
            isolation=isolation,
            threads=ENTRY_THREADS,
            seconds_limit=settings.challenge.eval_seconds,
            progress=progress,
        )
    reporter.say(
        f"scored: {score.bits_per_byte:.4f} bits per byte on {score.documents:,} documents, {score.text_bytes:,} "
        f"bytes, in {score.seconds:.1f} s"
    )
    return score


def _prove(
    settings: RunSettings, folder: RunFolder, documents: list[bytes], score: Score, reporter: Reporter
) -> Proof:
    reporter.heading("Proving: compress in one sandbox, decompress in another")
    chosen = documents_to_prove(len(documents), settings.challenge.proof_documents, score.artifact_sha256)
    bits = math.fsum(score.document_bits[i] for i in chosen)
    sample = [documents[i] for i in chosen]
    with reporter.progress() as progress:
        proof = prove_artifact(
            folder.artifact,
            sample,
            isolation=score.isolation,
            threads=ENTRY_THREADS,
            seconds_limit=settings.challenge.prove_seconds,
            scored_bits_per_byte=bits / sum(map(len, sample)),
            progress=progress,
        )
    reporter.say(
        f"{'proven' if proof.proven else 'NOT proven'}: {proof.text_bytes:,} bytes to {proof.compressed_bytes:,} "
        f"and back in {proof.seconds:.1f} s"
    )
    return proof


def _result(
    settings: RunSettings,
    folder: RunFolder,
    packed: PackResult,
    score: Score,
    proof: Proof,
    unquantised: float | None,
    compressors: dict[str, float],
    samples: list[dict[str, str]],
) -> Result:
    training = folder.trained()
    assert training is not None, "measured only after training"
    text = open_tokens(folder.data)
    return Result(
        challenge=settings.challenge.name,
        recipe=settings.recipe.name,
        seed=settings.seed,
        commit=commit(),
        environment=Environment(
            torch=torch.__version__,
            python=platform.python_version(),
            paramgolf=__version__,
            device=training.device,
            dtype=training.dtype,
            threads=training.threads,
            processes=training.processes,
            compiled=training.compiled,
            score_threads=ENTRY_THREADS,
        ),
        parameters=training.parameters,
        train_tokens=training.train_tokens,
        train_seconds=training.train_seconds,
        warmup_seconds=training.warmup_seconds,
        tokens_per_second=training.tokens_per_second,
        artifact_bytes=packed.artifact_bytes,
        artifact_limit=settings.challenge.artifact_bytes,
        bits_per_byte=score.bits_per_byte,
        bits_per_byte_unquantised=unquantised,
        documents=score.documents,
        text_bytes=score.text_bytes,
        compressed_bytes=proof.compressed_bytes,
        proven=proof.proven,
        score_seconds=score.seconds,
        prove_seconds=proof.seconds,
        isolation=score.isolation.value,
        compressors=compressors,
        artifact_sha256=score.artifact_sha256,
        ledger=packed.ledger.rows(),
        proof_documents=proof.documents,
        proof_text_bytes=proof.text_bytes,
        proof_failure=proof.failure,
        corpus=read_manifest(folder.data / folders.MANIFEST).source,
        train_bytes_per_token=text.bytes_per_token,
        train_epochs=training.train_tokens / text.tokens,
        steps=training.steps,
        bits_per_weight=packed.bits_per_weight,
        samples=samples,
        settings=settings.to_dict(),
        target=read_target(folder, score.artifact_sha256),
    )


def _close(folder: RunFolder, reporter: Reporter) -> Result:
    """Report, key figures, words, what to do next."""
    result = read_result(folder.result)
    write_report(folder, result)
    reporter.say("")
    for line in key_values(result):
        reporter.say(line)
    reporter.say("")
    reporter.heading(in_words(result))
    reporter.say("Next:")
    for command in next_commands(folder):
        reporter.say(f"  {command}")
    if result.proof_failure is not None:
        raise ProofError(result.proof_failure)
    return result
