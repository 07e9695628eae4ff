"""One call from a corpus to what a run needs: manifest, validation file, a stream of training documents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from paramgolf.challenge import Challenge
from paramgolf.common import folders
from paramgolf.corpus.corpus import Corpus, open_corpus
from paramgolf.corpus.manifest import Manifest, Splits, Tally, write_documents, write_manifest
from paramgolf.errors import CorpusError

PROGRESS_DOCUMENTS = 250_000


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A corpus ready for a run; `validation` is the path of a .jsonl file."""

    manifest: Manifest
    validation: Path
    corpus: Corpus

    def train(self) -> Iterator[bytes]:
        """Training documents, streamed from the first on; as often as wanted."""
        return self.corpus.train()


def prepare_documents(
    corpus: str, challenge: Challenge, folder: Path, progress: Callable[[str], None] | None = None
) -> Prepared:
    """Open a corpus and write `folder`/validation.jsonl and `folder`/manifest.json.

    `progress` is given plain lines. The same corpus gives the same files.

    Raises:
        UsageError, CorpusError: as open_corpus; CorpusError too where no training text is left.
    """
    say = progress or (lambda line: None)
    say(f"corpus {corpus}: reading")
    opened = open_corpus(corpus, challenge)
    path = folder / folders.VALIDATION
    validation = write_documents(path, opened.validation())
    say(f"validation: {validation.documents:,} documents, {validation.bytes:,} bytes")
    train, left_out = Tally(), 0
    for kept, document in opened.training_documents():
        if not kept:
            left_out += 1
            continue
        train.add(document)
        if train.documents % PROGRESS_DOCUMENTS == 0:
            say(f"training so far: {train.documents:,} documents, {train.bytes:,} bytes")
    if train.documents == 0:
        raise CorpusError(
            f"{corpus}: no training text outside validation. Give training documents of other text."
        )
    # where the split is ours, what is left out is validation itself
    dropped = left_out if opened.source.validation is not None else 0
    say(
        f"training: {train.documents:,} documents, {train.bytes:,} bytes; {dropped:,} dropped, being in "
        "validation"
    )
    manifest = Manifest(
        source=opened.source.name,
        canonical_form=opened.form,
        splits=Splits(train=train.split(), validation=validation),
        dropped_from_training=dropped,
    )
    write_manifest(folder / folders.MANIFEST, manifest)
    return Prepared(manifest=manifest, validation=path, corpus=opened)
