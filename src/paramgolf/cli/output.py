"""How commands show a result."""

import json
from typing import Any


def print_result(result: dict[str, Any], as_json: bool) -> None:
    """Print plain data: JSON, or lines of `key: value`."""
    if as_json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return
    for key, value in result.items():
        print(f"{key}: {value}")
