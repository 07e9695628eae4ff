"""The runtime's source, made small: no docstrings, annotations or unused imports, short private names."""

import ast
import functools
from collections.abc import Mapping
from pathlib import Path

import python_minifier
from python_minifier.transforms.remove_annotations_options import RemoveAnnotationsOptions

import paramgolf.runtime
from paramgolf.errors import PackError

# Class attributes keep their annotations: dataclasses are made of them.
ANNOTATIONS = RemoveAnnotationsOptions(
    remove_variable_annotations=True,
    remove_return_annotations=True,
    remove_argument_annotations=True,
    remove_class_attribute_annotations=False,
)


def runtime_sources(modules: list[str] | None = None) -> dict[str, str]:
    """Source by module name ("weights"), of all modules of the runtime or of those given; __init__ always.

    Raises PackError for a module that the runtime does not have.
    """
    folder = Path(paramgolf.runtime.__file__).parent
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    if modules is None:
        return sources
    if unknown := sorted(set(modules) - set(sources)):
        raise PackError(f"the runtime has no module {', '.join(unknown)}; it has {', '.join(sources)}")
    return {name: source for name, source in sources.items() if name in modules or name == "__init__"}


def minify_modules(sources: Mapping[str, str]) -> dict[str, str]:
    """Minified sources of modules that import one another; names that one of the others mentions are kept."""
    mentioned = {name: _mentioned_names(source) for name, source in sources.items()}
    minified = {}
    for name, source in sources.items():
        others = set().union(*(names for other, names in mentioned.items() if other != name))
        minified[name] = _minify(source, tuple(sorted(others | {"load", "main"})))
    return minified


@functools.cache
def _minify(source: str, keep: tuple[str, ...]) -> str:
    bare = python_minifier.minify(
        source,
        remove_annotations=ANNOTATIONS,
        remove_literal_statements=True,
        rename_locals=False,
        hoist_literals=False,
    )
    return python_minifier.minify(
        _without_unused_imports(bare, keep),
        remove_annotations=False,
        rename_globals=True,
        preserve_globals=list(keep),
        # Repeated literals cost little once deflated, less than the names they would be hoisted to.
        hoist_literals=False,
    )


def _mentioned_names(source: str) -> set[str]:
    """Names that a module imports from its siblings, or reads as an attribute of anything."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names


def _without_unused_imports(source: str, keep: tuple[str, ...]) -> str:
    """Without the imports that only annotations needed."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | set(keep)
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [a for a in node.names if (a.asname or a.name.partition(".")[0]) in used]
            if not node.names:
                continue
        body.append(node)
    tree.body = body
    return ast.unparse(tree)
