"""Parameter Golf: train the best tiny language model inside a byte budget, and prove its score.

The names in __all__ are the Python interface (docs/api.md). They are imported when they are first used, so that
`import paramgolf` costs nothing; all other modules may change from version to version.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from paramgolf import errors

if TYPE_CHECKING:
    from paramgolf.api.games import RunResult, run, verify
    from paramgolf.api.model import Model, ModelInfo, load
    from paramgolf.api.scores import DocumentScore, TextScore
    from paramgolf.judge.verdict import Verdict

__version__ = "0.1.0"

__all__ = [
    "DocumentScore",
    "Model",
    "ModelInfo",
    "RunResult",
    "TextScore",
    "Verdict",
    "__version__",
    "errors",
    "load",
    "run",
    "verify",
]

_MODULES = {
    "DocumentScore": "paramgolf.api.scores",
    "Model": "paramgolf.api.model",
    "ModelInfo": "paramgolf.api.model",
    "RunResult": "paramgolf.api.games",
    "TextScore": "paramgolf.api.scores",
    "Verdict": "paramgolf.judge.verdict",
    "load": "paramgolf.api.model",
    "run": "paramgolf.api.games",
    "verify": "paramgolf.api.games",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'paramgolf' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
