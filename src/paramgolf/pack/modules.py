"""What of the runtime an artifact needs: code is counted, so what a model does not use stays out.

It follows from the import graph: from the modules that an artifact starts with (its command line, its predictor, what
reads its weights) and those that its tokenizer and the parts of its model are of, along their imports. An import inside
a function is of something optional, which those parts tell; one that only annotations or roles need does not count.
"""

import ast
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import paramgolf.runtime
from paramgolf.pack.minify import bare
from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel

PACKAGE = paramgolf.runtime.__name__


@functools.cache
def runtime_sources() -> Mapping[str, str]:
    """Source by module name below the runtime ("transformer.model"); packages too, the runtime itself as ""."""
    folder = Path(paramgolf.runtime.__file__).parent
    paths = [path.relative_to(folder) for path in folder.rglob("*.py")]
    names = {
        ".".join(path.with_suffix("").parts).removesuffix("__init__").rstrip("."): path for path in paths
    }
    return {name: (folder / names[name]).read_text(encoding="utf-8") for name in sorted(names)}


def predictor_module(config: Mapping[str, Any]) -> str:
    """Where `load_from` of an artifact with this configuration is."""
    return (
        "mixer.predictor" if "adapt" in config else "test_time_training" if "learn" in config else "predictor"
    )


def weights_module(*, repaired: bool) -> str:
    """Where `decode_weights` of an artifact is, with low-rank patches or without."""
    return "low_rank_repair" if repaired else "weights"


def shipped_modules(config: Mapping[str, Any], tokenizer: bytes, *, repaired: bool = False) -> list[str]:
    """Names of the modules that an artifact needs, sorted, the packages that they are in among them.

    config: the artifact's, see artifact.build_artifact; tokenizer: its packed form.
    """
    found = read_tokenizer(tokenizer)
    # One kind of tokenizer wraps another.
    classes = {type(found), type(getattr(found, "inner", found))}
    if "adapt" not in config:
        classes |= _parts(tuple(sorted((k, _hashable(v)) for k, v in config["model"].items())))
    roots = {"cli", "artifact", predictor_module(config), weights_module(repaired=repaired)}
    roots |= {
        cls.__module__.removeprefix(f"{PACKAGE}.") for cls in classes if cls.__module__.startswith(PACKAGE)
    }
    return reachable(roots, lambda name: bare(runtime_sources()[name]))


@functools.cache
def _parts(fields: tuple[tuple[str, Any], ...]) -> frozenset[type]:
    with torch.device("meta"):
        model = LanguageModel(ModelConfig(**dict(fields)))
    return frozenset(type(part) for part in model.modules())


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def reachable(roots: Iterable[str], source_of: Callable[[str], str]) -> list[str]:
    """The modules that these import, themselves, and the packages that all of them are in; sorted."""
    found, ahead = {""}, list(roots)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += imported_modules(name, source_of(name))
            if "." in name:
                ahead.append(name.rpartition(".")[0])
    return sorted(found)


def imported_modules(name: str, source: str) -> list[str]:
    """The modules of the runtime that this one cannot be imported without."""
    tree = ast.parse(source)
    return [module for node in tree.body for module in imported_from(name, node)]


def imported_from(name: str, node: ast.AST) -> list[str]:
    """What an import statement of the module `name` takes from the runtime: a module, or several of a package."""
    if not isinstance(node, ast.ImportFrom) or not node.level:
        return []
    parents = name.split(".")[: -node.level]
    module = ".".join([*parents, *(node.module.split(".") if node.module else [])])
    below = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
    inside = [each for each in below if each in runtime_sources()]
    return inside or [module]


def changed_fields(config: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from its defaults: the defaults are in the code."""
    defaults = asdict(type(config)())
    return {name: value for name, value in asdict(config).items() if value != defaults[name]}
