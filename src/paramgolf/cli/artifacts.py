"""Commands on an artifact, yours or a stranger's: it runs in the sandbox, always."""

import codecs
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from paramgolf.challenge import load_challenge
from paramgolf.cli.options import AsJson
from paramgolf.cli.output import print_result
from paramgolf.common.files import write_atomic
from paramgolf.errors import ArtifactTooLargeError, EntryError, UsageError

if TYPE_CHECKING:
    from paramgolf.challenge import Challenge
    from paramgolf.score import Worker

LARGEST_TEXT = 1 << 30

Artifact = Annotated[Path, Parameter(help="A model.pyz, yours or a stranger's: it runs in a sandbox.")]
Documents = Annotated[
    Path,
    Parameter(help="The text, in any format that corpus/ reads: .jsonl(.gz, .xz, .zst), .parquet, .txt ..."),
]
SourceFile = Annotated[Path, Parameter(name="IN", help="The file to read.")]
TargetFile = Annotated[Path, Parameter(name="OUT", help="The file to write; one that is there is replaced.")]
LimitsOf = Annotated[
    str | None, Parameter(help="Hold the artifact to this challenge's size and clock. Default: no limits.")
]
Threads = Annotated[
    int,
    Parameter(
        help="Threads for the artifact. Several are quicker, but two measurements may then differ in their last bits.",
        validator=Number(gte=1),
    ),
]


def score(
    artifact: Artifact,
    *,
    documents: Documents,
    challenge: LimitsOf = None,
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Bits per byte of an artifact on documents, measured from outside its sandbox.

    Writes nothing. Every document is predicted once, in order; the softmax, the bytes and the clock are ours.

    ```
    paramgolf score out/mine/model.pyz --documents out/mine/data/validation.jsonl
    ```
    """
    from paramgolf.corpus import read_documents
    from paramgolf.lab.reporter import Reporter
    from paramgolf.score import Isolation, score_artifact

    rules = _limits(artifact, challenge)
    texts = list(read_documents(documents))
    with Reporter(to_stderr=as_json).progress() as progress:
        scored = score_artifact(
            artifact,
            texts,
            isolation=Isolation.BUBBLEWRAP,
            threads=threads,
            seconds_limit=rules.eval_seconds if rules else None,
            progress=progress,
        )
    result = asdict(scored)
    del result["document_bits"]
    print_result(result, as_json)
    if not as_json:
        print(f"Next: paramgolf prove {artifact} --documents {documents}")


def prove(
    artifact: Artifact,
    *,
    documents: Documents,
    challenge: LimitsOf = None,
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Compress documents in one sandbox, decompress them in another, and compare.

    Writes nothing. The size of the compressed bytes is the score; status 1 where the documents differ.

    ```
    paramgolf prove out/mine/model.pyz --documents out/mine/data/validation.jsonl
    ```
    """
    from paramgolf.corpus import read_documents
    from paramgolf.lab.reporter import Reporter
    from paramgolf.score import Isolation, prove_artifact

    rules = _limits(artifact, challenge)
    texts = list(read_documents(documents))
    with Reporter(to_stderr=as_json).progress() as progress:
        proof = prove_artifact(
            artifact,
            texts,
            isolation=Isolation.BUBBLEWRAP,
            threads=threads,
            seconds_limit=rules.prove_seconds if rules else None,
            scored_bits_per_byte=None,
            progress=progress,
        )
    print_result(asdict(proof), as_json)
    proof.require()
    if not as_json:
        print(
            f"Next: paramgolf score {artifact} --documents {documents} gives the same bits per byte to 0.1 %"
        )


def sample(
    artifact: Artifact,
    prompt: Annotated[str, Parameter(help="Text to go on with.", allow_leading_hyphen=True)],
    *,
    tokens: Annotated[int, Parameter(help="The most tokens to add.")] = 200,
    temperature: Annotated[float, Parameter(help="0 takes the likeliest token each time.")] = 0.8,
    seed: Annotated[int, Parameter(help="Fixes the draw.")] = 0,
) -> None:
    """Go on with a text, in the sandbox.

    Prints the prompt and what follows. An artifact that you trust does the same alone and shows each word as it comes:
    python model.pyz sample PROMPT

    ```
    paramgolf sample out/mine/model.pyz "The" --tokens 50
    ```
    """
    from paramgolf.common.printable import printable
    from paramgolf.lab.run.sampling import continue_text

    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with _worker(artifact) as worker:
        print(prompt, end="", flush=True)
        for piece in continue_text(
            worker,
            prompt.encode("utf-8", "surrogateescape"),
            tokens=tokens,
            temperature=temperature,
            seed=seed,
        ):
            print(printable(decode(piece)), end="", flush=True)
    print(printable(decode(b"", True)))


def compress(artifact: Artifact, source: SourceFile, target: TargetFile) -> None:
    """Compress a file with an artifact, in the sandbox.

    Reads one file, writes the other, all of it or nothing. The artifact alone can do the same and undo it:
    python model.pyz compress IN OUT

    ```
    paramgolf compress out/mine/model.pyz letter.txt letter.golf
    ```
    """
    text = _read(source)
    with _worker(artifact) as worker:
        small = worker.compress([text], limit=2 * len(text) + (1 << 20))
    write_atomic(target, small)
    print(f"{source}: {len(text):,} bytes -> {target}: {len(small):,} bytes")
    print(f"Next: paramgolf decompress {artifact} {target} {source.name}.back")


def decompress(artifact: Artifact, source: SourceFile, target: TargetFile) -> None:
    """Decompress what the same artifact compressed, in the sandbox.

    Reads one file, writes the other, all of it or nothing.

    ```
    paramgolf decompress out/mine/model.pyz letter.golf letter.txt
    ```
    """
    small = _read(source)
    with _worker(artifact) as worker:
        try:
            text = b"".join(worker.decompress(small, limit=LARGEST_TEXT))
        except EntryError as error:
            reason = str(error).strip().splitlines()[-1]
            raise EntryError(
                f"{source} cannot be decompressed: {reason}. Give a file that this same artifact compressed."
            ) from None
    write_atomic(target, text)
    print(f"{source}: {len(small):,} bytes -> {target}: {len(text):,} bytes")


def _limits(artifact: Path, challenge: str | None) -> "Challenge | None":
    """The challenge whose limits hold, after checking the artifact's size."""
    _require_zip(artifact)
    if challenge is None:
        return None
    rules = load_challenge(challenge)
    size = artifact.stat().st_size
    if size > rules.artifact_bytes:
        raise ArtifactTooLargeError(
            f"{artifact} has {size:,} bytes; challenge {rules.name!r} allows {rules.artifact_bytes:,}. "
            "Leave --challenge out, or pack a smaller one."
        )
    return rules


def _require_zip(artifact: Path) -> None:
    """Raises UsageError where this is surely no artifact, before a sandbox is started for it."""
    if not artifact.is_file():
        raise UsageError(f"There is no artifact at {artifact}. Give the path of a model.pyz.")
    if not zipfile.is_zipfile(artifact):
        raise UsageError(f"{artifact} is no artifact: it is no zip. Give the path of a model.pyz.")


def _worker(artifact: Path) -> "Worker":
    from paramgolf.score import ENTRY_THREADS, Deadline, Isolation, Worker

    _require_zip(artifact)
    return Worker(artifact, isolation=Isolation.BUBBLEWRAP, threads=ENTRY_THREADS, deadline=Deadline(None))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"There is no file {path} to read. Give the path of one.")
    return path.read_bytes()
