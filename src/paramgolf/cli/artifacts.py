"""Commands on an artifact, yours or a stranger's: it runs in the sandbox, always."""

import codecs
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from paramgolf.challenge import load_challenge
from paramgolf.cli.options import AsJson
from paramgolf.cli.output import print_result
from paramgolf.common.files import write_atomic
from paramgolf.errors import ArtifactTooLargeError, UsageError

if TYPE_CHECKING:
    from paramgolf.challenge import Challenge

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
    from paramgolf.score.proof import TOLERANCE

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
            f"Next: paramgolf score {artifact} --documents {documents} gives the same bits per byte to {TOLERANCE:.1%}"
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
    from paramgolf.api.model import load
    from paramgolf.common.printable import printable

    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with load(artifact) as model:
        print(prompt, end="", flush=True)
        given = prompt.encode("utf-8", "surrogateescape")
        for piece in model.stream(given, tokens=tokens, temperature=temperature, seed=seed):
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
    from paramgolf.api.model import load

    text = _read(source)
    with load(artifact) as model:
        small = model.compress(text)
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
    from paramgolf.api.model import load

    small = _read(source)
    with load(artifact) as model:
        text = model.decompress(small)
    write_atomic(target, text)
    print(f"{source}: {len(small):,} bytes -> {target}: {len(text):,} bytes")


def _limits(artifact: Path, challenge: str | None) -> "Challenge | None":
    """The challenge whose limits hold, after checking the artifact's size."""
    from paramgolf.api.model import require_artifact

    require_artifact(artifact)
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


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"There is no file {path} to read. Give the path of one.")
    return path.read_bytes()
