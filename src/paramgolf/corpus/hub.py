"""Corpora on the Hugging Face hub: FineWeb, and the public game's export.

Files are downloaded when they are reached, into the hub's own cache, and stay there; documents stream from
them. A repository is read at the one commit that it had when the corpus was opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from paramgolf.common.files import sha256_of
from paramgolf.common.schema import Sha256, what_is_wrong
from paramgolf.corpus.readers import read_documents, suffix_of
from paramgolf.corpus.source import Source
from paramgolf.errors import CorpusError, UsageError

FINEWEB = "HuggingFaceFW/fineweb"
FINEWEB_FOLDER = "sample/10BT"  # the configuration sample-10BT
PARAMETER_GOLF = "willdepueoai/parameter-golf"
PARAMETER_GOLF_FOLDER = "datasets"
EXPORT_DOCUMENTS = "docs_selected.jsonl"
EXPORT_SIDECAR = "docs_selected.source_manifest.json"
LARGEST_SIDECAR = 2**20


def fineweb(*, endpoint: str | None = None, cache: Path | None = None) -> Source:
    """FineWeb's sample of 10 billion tokens; no ready split.

    `endpoint` is the address of the hub, `cache` the folder for downloads; the hub's own defaults where None.

    Raises:
        UsageError: huggingface_hub is not installed.
        CorpusError: the hub cannot be reached, or does not hold the corpus.
    """
    repository = _open_repository(FINEWEB, endpoint, cache)
    files = [file for file in repository.files(FINEWEB_FOLDER) if suffix_of(Path(file)) == ".parquet"]
    if not files:
        raise CorpusError(
            f"{repository}: no .parquet file in {FINEWEB_FOLDER}. Give a folder with the files instead."
        )

    def documents() -> Iterator[bytes]:
        for file in files:
            yield from read_documents(repository.download(file))

    return Source(name=f"{repository} {FINEWEB_FOLDER}", train=documents)


def parameter_golf(*, endpoint: str | None = None, cache: Path | None = None) -> Source:
    """The documents of the public game's export, with its split. Arguments and errors as `fineweb`."""
    repository = _open_repository(PARAMETER_GOLF, endpoint, cache)
    sidecar = repository.download(f"{PARAMETER_GOLF_FOLDER}/{EXPORT_SIDECAR}")
    documents = repository.download(f"{PARAMETER_GOLF_FOLDER}/{EXPORT_DOCUMENTS}")
    return _export(str(repository), documents, sidecar)


def local_export(folder: Path) -> Source | None:
    """The public game's export in a local folder (or in its `datasets` folder), or None where there is none.

    Raises:
        CorpusError: the sidecar is missing or wrong, or the documents are not those that it names.
    """
    for root in (folder, folder / PARAMETER_GOLF_FOLDER):
        if (root / EXPORT_DOCUMENTS).is_file():
            return _export(folder.name, root / EXPORT_DOCUMENTS, root / EXPORT_SIDECAR)
    return None


class _Sidecar(BaseModel):
    """What is read of docs_selected.source_manifest.json."""

    model_config = ConfigDict(strict=True)

    docs_val: PositiveInt
    docs_sha256: Sha256


def _export(name: str, documents: Path, sidecar: Path) -> Source:
    """The first docs_val documents are validation, the rest training."""
    try:
        with sidecar.open("rb") as handle:
            expected = _Sidecar.model_validate_json(handle.read(LARGEST_SIDECAR))
    except (OSError, ValidationError) as error:
        raise CorpusError(
            f"{sidecar}: the split stands in this file, and it cannot be read: {what_is_wrong(error, _Sidecar)}. "
            "Get it again."
        ) from None
    sha256 = sha256_of(documents)
    if sha256 != expected.docs_sha256:
        raise CorpusError(
            f"{documents}: its SHA-256 is {sha256}, {sidecar.name} says {expected.docs_sha256}. "
            "It is truncated or of another export; get both again."
        )
    return Source(
        name=f"{name} {EXPORT_DOCUMENTS} {sha256}",
        train=lambda: islice(read_documents(documents), expected.docs_val, None),
        validation=lambda: islice(read_documents(documents), expected.docs_val),
    )


@dataclass(frozen=True, kw_only=True)
class _Repository:
    """One data set repository at one commit."""

    hub: ModuleType
    name: str
    commit: str
    endpoint: str | None
    cache: Path | None

    def __str__(self) -> str:
        return f"{self.name}@{self.commit}"

    def files(self, folder: str) -> list[str]:
        """Paths of the files in one folder, sorted."""
        try:
            tree = self.hub.HfApi(endpoint=self.endpoint).list_repo_tree(
                self.name, folder, revision=self.commit, repo_type="dataset"
            )
            return sorted(entry.path for entry in tree if isinstance(entry, self.hub.hf_api.RepoFile))
        except Exception as error:
            raise _unreachable(f"{self} {folder}", error) from error

    def download(self, file: str) -> Path:
        """The local path of a file, downloaded where it is not in the cache yet."""
        try:
            path = self.hub.hf_hub_download(
                self.name,
                file,
                repo_type="dataset",
                revision=self.commit,
                endpoint=self.endpoint,
                cache_dir=self.cache,
            )
        except Exception as error:
            raise _unreachable(f"{self} {file}", error) from error
        return Path(path)


def _open_repository(name: str, endpoint: str | None, cache: Path | None) -> _Repository:
    try:
        import huggingface_hub
    except ImportError:
        raise UsageError(
            f"{name} lies on the Hugging Face hub, which needs the package huggingface-hub. "
            "Install it: pip install 'paramgolf[hub]'"
        ) from None
    try:
        commit = str(huggingface_hub.HfApi(endpoint=endpoint).dataset_info(name).sha)
    except Exception as error:
        raise _unreachable(name, error) from error
    return _Repository(hub=huggingface_hub, name=name, commit=commit, endpoint=endpoint, cache=cache)


def _unreachable(what: str, error: Exception) -> CorpusError:
    # the hub's client raises errors of its HTTP library, of its own and OSError; to a user they all mean this
    return CorpusError(
        f"{what}: not to be had from the Hugging Face hub: {type(error).__name__}: {error}. "
        "Check the network, or download it elsewhere and give the folder as the corpus."
    )
