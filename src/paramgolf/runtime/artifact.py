"""The parts of the artifact that this very module was imported from: a zip, or a folder of its layout."""

import json
import os.path
from typing import Any


def read(name: str) -> bytes:
    """A file at the root of the artifact. Raises ValueError if it is missing."""
    root = os.path.dirname(os.path.dirname(__file__))
    try:
        # Whatever imported this module can read beside it.
        data: bytes = __loader__.get_data(os.path.join(root, name))  # type: ignore[name-defined]
        return data
    except OSError:
        raise ValueError(
            f"{root} holds no {name}: it is no artifact, or one packed without its model"
        ) from None


def read_artifact() -> tuple[dict[str, Any], bytes, bytes]:
    """config.json, tokenizer.bin and weights.bin, as predictor.load_from takes them."""
    return json.loads(read("config.json")), read("tokenizer.bin"), read("weights.bin")
