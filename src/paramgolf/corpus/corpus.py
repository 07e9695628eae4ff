"""Open a corpus by name or path: documents in canonical form, validation kept out of training."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from paramgolf.challenge import Challenge
from paramgolf.common.names import unknown_name
from paramgolf.corpus.canonical import canonical_form
from paramgolf.corpus.embedded import embedded
from paramgolf.corpus.hub import fineweb, local_export, parameter_golf
from paramgolf.corpus.readers import READERS, read_files, suffix_of
from paramgolf.corpus.source import Documents, Source, at_site, site_of
from paramgolf.corpus.split import choose_validation, fingerprint
from paramgolf.errors import CorpusError, UsageError

CORPORA: dict[str, Callable[[], Source]] = {
    "embedded": embedded,
    "fineweb": fineweb,
    "parameter-golf": parameter_golf,
}

# train.jsonl, train_000.parquet and the public game's fineweb_train_000000.bin; validation likewise
_SPLIT_NAME = re.compile(r"(?:fineweb_)?(?:(train)|val(?:idation)?)[._-]")


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Documents in one canonical form, in the order of their source. A document has at least one byte.

    `validation_fingerprints` holds the fingerprint of every validation document.
    """

    source: Source
    form: str
    validation_fingerprints: frozenset[bytes]

    def train(self) -> Iterator[bytes]:
        """Training documents, streamed; none of them has the text of a validation document."""
        return (document for kept, document in self.training_documents() if kept)

    def validation(self) -> Iterator[bytes]:
        """Validation documents, streamed."""
        if self.source.validation is not None:
            return _canonical(self.source.validation, self.form)
        return (document for kept, document in self.training_documents() if not kept)

    def training_documents(self) -> Iterator[tuple[bool, bytes]]:
        """Every document of the training side, with whether it stays there: its text is not in validation."""
        for document in _canonical(self.source.train, self.form):
            yield fingerprint(document) not in self.validation_fingerprints, document


def open_corpus(name_or_path: str, challenge: Challenge) -> Corpus:
    """The corpus of that name, or of that file or folder, in the canonical form of the challenge.

    A ready split is taken as it is. Else validation is split off by the content of the documents, which reads
    the corpus once; see `choose_validation`.

    Raises:
        UnknownNameError: neither a name nor a path; lists near matches.
        UsageError: nothing in the folder can be read, or a package is missing.
        CorpusError: a file is damaged, or the corpus too small to split.
    """
    source = CORPORA[name_or_path]() if name_or_path in CORPORA else _local(name_or_path)
    form = challenge.canonical_form
    if source.validation is None:
        chosen = choose_validation(_canonical(source.train, form), challenge.validation_bytes, source.name)
    else:
        chosen = frozenset(map(fingerprint, _canonical(source.validation, form)))
        if not chosen:
            raise CorpusError(
                f"{source.name}: the validation split holds no text. Give at least one document."
            )
    return Corpus(source=source, form=form, validation_fingerprints=chosen)


def _canonical(documents: Documents, form: str) -> Iterator[bytes]:
    canonicalise = canonical_form(form)
    for document in documents():
        if text := canonicalise(document):
            yield text if text is document else at_site(text, site_of(document))


def _local(name_or_path: str) -> Source:
    path = Path(name_or_path)
    if path.is_file():
        return Source(name=path.name, train=lambda: read_files([path]))
    if path.is_dir():
        return local_export(path) or _folder(path)
    if "/" in name_or_path or suffix_of(path):
        raise UsageError(
            f"{path}: there is no such file or folder. Give a path, or one of {', '.join(CORPORA)}."
        )
    raise unknown_name("corpus", name_or_path, CORPORA)


def _folder(folder: Path) -> Source:
    """All files in a folder that can be read, sorted; train.* and validation.* files are a ready split."""
    name = folder.absolute().name
    files = sorted(file for file in folder.iterdir() if _is_readable(file))
    if not files:
        raise UsageError(
            f"{folder}: nothing here can be read. Those read are {', '.join(READERS)}, in the folder itself."
        )
    matches = [(file, _SPLIT_NAME.match(file.name.lower())) for file in files]
    train = [file for file, match in matches if match and match[1]]
    validation = [file for file, match in matches if match and not match[1]]
    if validation and not train:
        raise UsageError(
            f"{folder}: got {validation[0].name} but no train.* file. Add one, or rename the validation file."
        )
    if validation:
        return Source(name=name, train=lambda: read_files(train), validation=lambda: read_files(validation))
    return Source(name=name, train=lambda: read_files(files))


def _is_readable(file: Path) -> bool:
    return file.is_file() and suffix_of(file) is not None and not file.name.startswith(".")
