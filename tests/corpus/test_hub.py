"""The hub's real client against a small server on this machine that answers as the hub does."""

import hashlib
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pyarrow
import pyarrow.parquet
import pytest

from paramgolf.challenge import load_challenge
from paramgolf.corpus import open_corpus
from paramgolf.corpus.hub import FINEWEB, PARAMETER_GOLF, fineweb, local_export, parameter_golf
from paramgolf.errors import CorpusError, UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEXTS = [f"document {number}" for number in range(10)]


class Hub(BaseHTTPRequestHandler):
    """Serves `root`/OWNER/NAME/... as data set repositories at COMMIT."""

    root: Path
    requests: list[str]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.requests.append(f"{self.command} {path}")
        match path.split("/"):
            case ["api", "datasets", owner, name] if (self.root / owner / name).is_dir():
                self._send(json.dumps({"id": f"{owner}/{name}", "sha": COMMIT, "siblings": []}).encode())
            case ["api", "datasets", owner, name, "tree", commit, *folder] if commit == COMMIT:
                self._send(json.dumps(self._tree(self.root / owner / name, "/".join(folder))).encode())
            case ["datasets", owner, name, "resolve", commit, *file] if commit == COMMIT:
                target = self.root.joinpath(owner, name, *file)
                self._send(target.read_bytes()) if target.is_file() else self._missing("EntryNotFound")
            case _:
                self._missing("RepoNotFound")

    def _tree(self, repository: Path, folder: str) -> list[dict[str, object]]:
        def entry(path: Path) -> dict[str, object]:
            kind = "file" if path.is_file() else "directory"
            name = path.relative_to(repository).as_posix()
            return {"type": kind, "path": name, "size": path.stat().st_size, "oid": "0" * 40}

        return [entry(path) for path in (repository / folder).iterdir()]

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _missing(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path) -> Iterator[tuple[str, type[Hub]]]:
    handler = type("HubHere", (Hub,), {"root": tmp_path / "hub", "requests": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def put_fineweb(root: Path) -> None:
    folder = root / FINEWEB / "sample" / "10BT"
    folder.mkdir(parents=True)
    for number, texts in enumerate((TEXTS[:6], TEXTS[6:])):
        table = pyarrow.table({"text": texts, "id": texts, "url": texts})
        pyarrow.parquet.write_table(table, folder / f"{number:03d}_00000.parquet")
    (folder / "notes.md").touch()
    (folder / "deeper").mkdir()


def put_export(folder: Path, docs_val: object = 3, docs_sha256: str | None = None) -> None:
    folder.mkdir(parents=True)
    data = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
    (folder / "docs_selected.jsonl").write_bytes(data)
    sidecar = {
        "num_docs": len(TEXTS),
        "docs_val": docs_val,
        "docs_sha256": docs_sha256 or hashlib.sha256(data).hexdigest(),
    }
    (folder / "docs_selected.source_manifest.json").write_text(json.dumps(sidecar))


def texts(documents: Iterator[bytes]) -> list[str]:
    return [document.decode() for document in documents]


def test_fineweb_gives_the_text_of_all_its_files_in_order(hub, tmp_path):
    endpoint, handler = hub
    put_fineweb(handler.root)
    source = fineweb(endpoint=endpoint, cache=tmp_path / "cache")
    assert texts(source.train()) == TEXTS
    assert source.validation is None
    assert source.name == f"{FINEWEB}@{COMMIT} sample/10BT"


@pytest.mark.slow
def test_fineweb_downloads_a_file_only_when_it_is_reached_and_only_once(hub, tmp_path):
    endpoint, handler = hub
    put_fineweb(handler.root)
    source = fineweb(endpoint=endpoint, cache=tmp_path / "cache")
    assert next(source.train()).decode() == TEXTS[0]
    assert not any("001_00000" in request for request in handler.requests)
    list(source.train())
    list(source.train())
    downloads = [request for request in handler.requests if request.startswith("GET datasets")]
    assert len(downloads) == len(set(downloads)) == 2


def test_the_public_game_has_its_first_documents_as_validation(hub, tmp_path):
    endpoint, handler = hub
    put_export(handler.root / PARAMETER_GOLF / "datasets")
    source = parameter_golf(endpoint=endpoint, cache=tmp_path / "cache")
    assert source.validation is not None
    assert texts(source.validation()) == TEXTS[:3]
    assert texts(source.train()) == TEXTS[3:]


@pytest.mark.parametrize("folder", [".", "datasets"])
def test_an_export_in_a_local_folder_is_opened_with_its_split(tmp_path, folder):
    put_export(tmp_path / "export" / folder)
    corpus = open_corpus(str(tmp_path / "export"), load_challenge("parameter-golf"))
    assert texts(corpus.validation()) == TEXTS[:3]
    assert texts(corpus.train()) == TEXTS[3:]


def test_a_folder_of_another_kind_is_no_export(tmp_path):
    assert local_export(tmp_path) is None


def test_documents_that_are_not_those_of_the_sidecar_are_refused(tmp_path):
    put_export(tmp_path / "export", docs_sha256="ab" * 32)
    with pytest.raises(
        CorpusError, match=r"docs_selected\.jsonl: its SHA-256 is .* says abab.*get both again"
    ):
        local_export(tmp_path / "export")


@pytest.mark.parametrize("docs_val", [0, -1, "3", None, 1.5])
def test_a_sidecar_with_a_wrong_split_is_refused(tmp_path, docs_val):
    put_export(tmp_path / "export", docs_val=docs_val)
    with pytest.raises(CorpusError, match=r"source_manifest\.json: the split stands in this file"):
        local_export(tmp_path / "export")


def test_a_missing_sidecar_is_named(tmp_path):
    put_export(tmp_path / "export")
    (tmp_path / "export" / "docs_selected.source_manifest.json").unlink()
    with pytest.raises(
        CorpusError, match=r"source_manifest\.json: the split stands in this file.*Get it again"
    ):
        local_export(tmp_path / "export")


def test_a_repository_that_is_not_there_is_named_with_the_way_round(hub, tmp_path):
    with pytest.raises(CorpusError, match=rf"{FINEWEB}: not to be had .*\n?.*") as caught:
        fineweb(endpoint=hub[0], cache=tmp_path / "cache")
    assert "give the folder as the corpus" in str(caught.value)


def test_a_file_that_is_not_there_is_named(hub, tmp_path):
    (hub[1].root / PARAMETER_GOLF).mkdir(parents=True)
    with pytest.raises(CorpusError, match=r"datasets/docs_selected\.source_manifest\.json: not to be had"):
        parameter_golf(endpoint=hub[0], cache=tmp_path / "cache")


def test_a_folder_without_parquet_files_is_refused(hub, tmp_path):
    (hub[1].root / FINEWEB / "sample" / "10BT").mkdir(parents=True)
    with pytest.raises(CorpusError, match=r"no \.parquet file in sample/10BT. Give a folder"):
        fineweb(endpoint=hub[0], cache=tmp_path / "cache")


def test_a_hub_that_cannot_be_reached_is_an_error_of_ours(tmp_path):
    with pytest.raises(CorpusError, match="Check the network"):
        parameter_golf(endpoint="http://127.0.0.1:9", cache=tmp_path / "cache")


def test_the_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        UsageError, match=r"needs the package huggingface-hub. Install it: pip install 'paramgolf\[hub"
    ):
        fineweb()
