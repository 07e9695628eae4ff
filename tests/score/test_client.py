"""Hostile and clumsy entries: each ends in an EntryError that says what was got, never in a harness crash."""

import numpy as np
import pytest

from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.score import Isolation, Limits

# The worker keeps the protocol's pipes at some descriptors; a hostile entry finds them.
FIND_PIPES = """
import os, stat, struct, sys

def pipes():
    found = []
    for number in range(3, 40):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            pass
    return found

def write_to_harness(data):
    for number in pipes():
        try:
            os.write(number, data)
        except OSError:
            pass
"""

DESCRIPTIONS = [
    ("vocab_size = 1", "vocab_size: got 1; expected greater than or equal to 2"),
    ("vocab_size = 1 << 21", "vocab_size: got 2097152; expected less than or equal to 1048576"),
    ("end_of_document = 257", "end_of_document is 257; expected an id below its vocab_size 257"),
    ("batch_documents = 0", "batch_documents: got 0; expected greater than or equal to 1"),
    ("vocab_size = 'many'", "ValueError: invalid literal"),
]


@pytest.mark.parametrize(("attribute", "message"), DESCRIPTIONS)
def test_a_description_that_cannot_be_is_refused(start_worker, attribute, message):
    with (
        start_worker(f"class Entry(Uniform):\n    {attribute}") as worker,
        pytest.raises(EntryError, match=message),
    ):
        worker.describe()


ENCODINGS = [
    ("[300]", r"ids 300 to 300; expected 0 to 256"),
    ("[-1, 2]", r"ids -1 to 2; expected 0 to 256"),
    ("[5, 256]", r"end_of_document \(256\) inside a document, at token 1"),
    ("[0.5]", r"float64 \[1\]; expected a flat array of integers"),
    ("[[1, 2]]", r"int64 \[1, 2\]; expected a flat array of integers"),
    ("np.zeros(64 * 6 + 1, np.int32)", r"announced 1540 bytes with 'data'; at most 1536 are allowed"),
    ("1 / 0", r"The entry failed:\n(.|\n)*ZeroDivisionError"),
]


@pytest.mark.parametrize(("tokens", "message"), ENCODINGS)
def test_tokens_that_cannot_be_are_refused(start_worker, tokens, message):
    change = f"class Entry(Uniform):\n    def encode(self, document):\n        return {tokens}"
    with start_worker(change) as worker, pytest.raises(EntryError, match=message):
        worker.encode(b"hello")


BLOCKS = [
    ("np.zeros((1, 4, 256), np.float32)", r"float32 \[1, 4, 256\]; expected float32 \[1, rows, 257\]"),
    ("np.zeros((2, 4, 257), np.float32)", r"float32 \[2, 4, 257\]; expected float32 \[1, rows, 257\]"),
    ("np.zeros((1, 4, 257))", r"float64 \[1, 4, 257\]; expected float32"),
    ("np.zeros((1, 0, 257), np.float32)", r"with 1 row or more"),
    ("np.zeros((1, 5, 257), np.float32)", r"5 rows where 4 were left; expected T\+1 rows in all"),
    ("np.zeros((1, 3, 257), np.float32)", r"ended 1 rows early"),
    ("'nonsense'", r"expected float32"),
]


@pytest.mark.parametrize(("block", "message"), BLOCKS)
def test_logits_of_a_wrong_shape_are_refused(start_worker, block, message):
    change = f"class Entry(Uniform):\n    def predict(self, batch):\n        yield {block}"
    with start_worker(change) as worker, pytest.raises(EntryError, match=message):
        list(worker.predict([np.zeros(3, np.int32)]))


def test_blocks_come_whole_and_in_order_however_they_are_cut(start_worker):
    change = """
    class Entry(Uniform):
        vocab_size = 20_000
        def predict(self, batch):
            rows = 1 + max(map(len, batch))
            numbers = np.arange(2 * rows, dtype=np.float32).reshape(2, rows, 1)
            logits = np.broadcast_to(numbers, (2, rows, self.vocab_size))
            for start, stop in ((0, 1), (1, 600), (600, rows)):
                yield logits[:, start:stop]
    """
    with start_worker(change) as worker:
        blocks = list(worker.predict([np.zeros(2999, np.int32), np.zeros(5, np.int32)]))
    got = np.concatenate([block[:, :, :: 20_000 - 1] for block in blocks], axis=1)
    want = np.arange(6000, dtype=np.float32).reshape(2, 3000, 1)
    np.testing.assert_array_equal(got, np.broadcast_to(want, (2, 3000, 2)))


def test_a_row_that_fits_no_slot_is_refused(start_worker):
    change = "class Entry(Uniform):\n    vocab_size = 1 << 20\n    batch_documents = 16"
    with (
        start_worker(change) as worker,
        pytest.raises(EntryError, match=r"67108864 bytes(.|\n)*Lower the entry's batch_documents"),
    ):
        list(worker.predict([np.zeros(1, np.int32)] * 16))


def test_prints_corrupt_nothing(start_worker):
    change = """
    class Entry(Uniform):
        def encode(self, document):
            import os
            print("x" * 100_000, flush=True)
            os.write(1, b"to standard output")
            return super().encode(document)
    """
    with start_worker(change) as worker:
        assert worker.encode(b"ab").tolist() == [97, 98]


def test_bytes_written_into_the_pipe_are_refused(start_worker):
    change = FIND_PIPES + "write_to_harness(b'\\xff' * 64)"
    with (
        start_worker(change) as worker,
        pytest.raises(EntryError, match="header of 4294967295 bytes; at most 65536"),
    ):
        worker.describe()


def test_an_answer_before_the_question_helps_nobody(start_worker):
    early = b'{"kind":"done","payload":0}'
    change = FIND_PIPES + f"write_to_harness(struct.pack('<I', {len(early)}) + {early!r})"
    with (
        start_worker(change) as worker,
        pytest.raises(EntryError, match="answered 'done' where 'description'"),
    ):
        worker.describe()


def test_rows_announced_beyond_what_was_asked_are_refused(start_worker):
    lie = b'{"kind":"block","rows":1000000,"payload":0}'
    change = (
        FIND_PIPES
        + f"""
class Entry(Uniform):
    def predict(self, batch):
        write_to_harness(struct.pack('<I', {len(lie)}) + {lie!r})
        yield from super().predict(batch)
"""
    )
    with (
        start_worker(change) as worker,
        pytest.raises(EntryError, match="announced 1000000 rows of logits; expected at most 2"),
    ):
        list(worker.predict([np.zeros(1, np.int32)]))


def test_the_shared_memory_cannot_be_shrunk(start_worker):
    change = """
    import os, stat
    for number in range(3, 40):
        try:
            if "memfd" in os.readlink(f"/proc/self/fd/{number}"):
                os.ftruncate(number, 0)
                raise RuntimeError("it could")
        except PermissionError as error:
            raise RuntimeError("it could not") from error
        except OSError:
            pass
    """
    with start_worker(change) as worker, pytest.raises(EntryError, match="it could not"):
        worker.describe()


@pytest.mark.parametrize(
    ("death", "status"),
    [
        ("os._exit(3)", "exit status 3"),
        ("os.kill(os.getpid(), 9)", "exit status 137"),
        ("os.abort()", "exit status 134"),
    ],
)
def test_a_death_is_told_with_its_status_and_last_words(start_worker, death, status):
    change = f"""
    import os, sys
    class Entry(Uniform):
        def encode(self, document):
            print("last words \\x1b[31m", file=sys.stderr, flush=True)
            {death}
    """
    with (
        start_worker(change) as worker,
        pytest.raises(EntryError, match=f"{status}(.|\n)*last words \ufffd\\[31m"),
    ):
        worker.encode(b"x")


@pytest.mark.parametrize(
    "leave", ["raise SystemExit(0)", "raise KeyboardInterrupt", "def load(): return None", "import absent"]
)
def test_leaving_is_failing(start_worker, leave):
    with start_worker(leave) as worker, pytest.raises(EntryError, match=r"The entry failed:\n"):
        worker.describe()


def test_an_artifact_that_is_no_zip_is_the_entrys_fault(start_worker):
    worker = start_worker()
    worker._artifact.write_bytes(b"not a zip")
    with worker, pytest.raises(EntryError, match="No module named 'entry'"):
        worker.describe()


def test_a_closed_pipe_without_a_death_is_an_error(start_worker):
    change = FIND_PIPES + "import time\nfor number in pipes(): os.close(number)\ntime.sleep(600)"
    with (
        start_worker(change, isolation=Isolation.NONE) as worker,
        pytest.raises(EntryError, match="still running, but it closed its pipes"),
    ):
        worker.describe()


@pytest.mark.parametrize("stall", ["import time; time.sleep(600)", "while True: print('x' * 10_000)"])
def test_a_stall_ends_at_the_deadline(start_worker, stall):
    change = f"class Entry(Uniform):\n    def encode(self, document):\n        {stall}"
    with (
        start_worker(change, seconds=1.5) as worker,
        pytest.raises(EntryTimeoutError, match=r"past its limit of 1\.5 s"),
    ):
        worker.encode(b"x")


def test_threads_are_what_was_asked_for(start_worker):
    change = """
    import os, torch
    class Entry(Uniform):
        def encode(self, document):
            return [torch.get_num_threads(), int(os.environ["OMP_NUM_THREADS"])]
    """
    with start_worker(change) as worker:
        assert worker.encode(b"x").tolist() == [1, 1]


def test_without_isolation_the_answers_are_the_same(start_worker):
    with start_worker(isolation=Isolation.NONE, limits=Limits()) as worker:
        assert worker.encode(b"ab").tolist() == [97, 98]
        assert worker.decode(np.array([97, 98], np.int32), limit=10) == b"ab"
        assert sum(block.shape[1] for block in worker.predict([np.zeros(30, np.int32)])) == 31


@pytest.mark.parametrize(
    "method", ["", "def predict_next(self, tokens): return np.full(257, float(len(tokens)))"]
)
def test_the_next_prediction_is_the_last_row_or_the_entrys_quicker_way(start_worker, method):
    change = f"""
        class Entry(Uniform):
            def predict(self, batch):
                for row in range(1 + max(map(len, batch))):
                    yield np.full((len(batch), 1, self.vocab_size), row, np.float32)
            {method}
        """
    with start_worker(change) as worker:
        for count in (0, 5):
            row = worker.predict_next(np.zeros(count, np.int32))
            assert row.tolist() == [count] * 257


def test_a_next_prediction_of_another_size_is_refused(start_worker):
    change = """
        class Entry(Uniform):
            def predict_next(self, tokens):
                return np.zeros(256, np.float32)
        """
    with start_worker(change) as worker, pytest.raises(EntryError, match="1024 bytes; expected 1028"):
        worker.predict_next(np.zeros(3, np.int32))


def test_an_entry_that_samples_is_asked_to(start_worker):
    change = """
        class Entry(Uniform):
            def sample(self, prompt, tokens, temperature, seed):
                yield prompt[::-1]
                yield f" {tokens} {temperature} {seed}".encode()
    """
    options = {"tokens": 5, "temperature": 0.5, "seed": 7}
    with start_worker(change) as worker:
        assert worker.describe().samples
        assert worker.sample(b"abc", **options, limit=100) == b"cba 5 0.5 7"
    with start_worker(change) as worker, pytest.raises(EntryError, match=r"limit|at most|expected"):
        worker.sample(b"abc", **options, limit=4)
    with start_worker() as worker:
        assert not worker.describe().samples
