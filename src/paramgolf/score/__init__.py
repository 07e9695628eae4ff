"""Score artifacts and prove the scores: sandboxed worker, bits and bytes, decompression, compressors."""

from paramgolf.score.client import Worker
from paramgolf.score.compressors import general_compressors
from paramgolf.score.limits import Limits
from paramgolf.score.progress import Progress, ProgressCallback
from paramgolf.score.proof import Proof, documents_to_prove, prove_artifact
from paramgolf.score.protocol import Deadline
from paramgolf.score.sandbox import ENTRY_THREADS, Isolation, sandbox_failure
from paramgolf.score.scorer import Score, score_artifact

__all__ = [
    "ENTRY_THREADS",
    "Deadline",
    "Isolation",
    "Limits",
    "Progress",
    "ProgressCallback",
    "Proof",
    "Score",
    "Worker",
    "documents_to_prove",
    "general_compressors",
    "prove_artifact",
    "sandbox_failure",
    "score_artifact",
]
