"""The runtime's source, made small: no docstrings or annotations, nothing that is not used, short private names."""

import ast
import functools
import symtable
from collections.abc import Collection, Iterable, Mapping

import python_minifier
from python_minifier.transforms.remove_annotations_options import RemoveAnnotationsOptions

# What parameters are for (runtime/transformer/roles.py): only training and packing ask.
ROLE = "role"
# Class attributes keep an annotation, of which _Bare leaves a number: dataclasses are made of them.
ANNOTATIONS = RemoveAnnotationsOptions(
    remove_variable_annotations=True,
    remove_return_annotations=True,
    remove_argument_annotations=True,
    remove_class_attribute_annotations=False,
)


def minify_modules(sources: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """Minified sources of modules that import one another, without what none of them uses.

    keep: names that are used from outside.
    """
    used = _without_unused({name: ast.parse(bare(source)) for name, source in sources.items()}, set(keep))
    mentioned = {name: _mentioned(tree) for name, tree in used.items()}
    minified = {}
    for name, tree in used.items():
        others = set(keep).union(*(names for key, names in mentioned.items() if key != name))
        minified[name] = _minify(ast.unparse(tree), tuple(sorted(others)))
    return minified


@functools.cache
def bare(source: str) -> str:
    """A module without docstrings, annotations and roles, and without the imports that only those needed."""
    tree = ast.fix_missing_locations(_Bare().visit(ast.parse(source)))
    tree = ast.parse(
        python_minifier.minify(
            ast.unparse(tree),
            remove_annotations=ANNOTATIONS,
            remove_literal_statements=True,
            rename_locals=False,
            hoist_literals=False,
        )
    )
    names = _names(tree)
    tree.body = [kept for statement in tree.body if (kept := _used_import(statement, names))]
    return ast.unparse(tree)


@functools.cache
def _minify(source: str, keep: tuple[str, ...]) -> str:
    return python_minifier.minify(
        source,
        remove_annotations=False,
        rename_globals=True,
        preserve_globals=list(keep),
        # Repeated literals cost little once deflated, less than the names they would be hoisted to.
        hoist_literals=False,
    )


class _Bare(ast.NodeTransformer):
    """Takes out what an artifact never asks for: annotations of dataclasses' fields, and roles of parameters."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # A field needs an annotation, whatever it is; a tuple's is a type. Other classes need none.
        if node.decorator_list:
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign):
                    statement.annotation = ast.Constant(0)
        elif not any(ast.unparse(base).endswith("NamedTuple") for base in node.bases):
            node.body = [_unannotated(statement) for statement in node.body]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not node.value and isinstance(node.target, ast.Attribute):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != ROLE]
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        pairs = list(zip(node.kwonlyargs, node.kw_defaults, strict=True))
        kept = [(argument, default) for argument, default in pairs if argument.arg != ROLE]
        node.kwonlyargs, node.kw_defaults = [argument for argument, _ in kept], [d for _, d in kept]
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        if any(isinstance(target, ast.Attribute) and target.attr == ROLE for target in node.targets):
            return None
        return self.generic_visit(node)


def _unannotated(statement: ast.stmt) -> ast.stmt:
    """An attribute of a class without its annotation."""
    if not isinstance(statement, ast.AnnAssign):
        return statement
    return ast.Assign([statement.target], statement.value) if statement.value else ast.Pass()


def _without_unused(trees: dict[str, ast.Module], keep: set[str]) -> dict[str, ast.Module]:
    """The modules without definitions, constants and imports that no module mentions.

    What only an annotation or something unused mentioned goes as well. No module reads another's names by a string.
    """
    before, mentioned = None, {name: _mentioned(tree) for name, tree in trees.items()}
    while before != (before := sum(1 for tree in trees.values() for _ in ast.walk(tree))):
        for name, tree in trees.items():
            names = _names(tree)
            used = names | keep.union(*(others for key, others in mentioned.items() if key != name))
            body = [statement for statement in tree.body if not (d := _defined(statement)) or d & used]
            # No module passes on what it has imported.
            tree.body = [kept for statement in body if (kept := _used_import(statement, names))]
            mentioned[name] = _mentioned(tree)
    return trees


def _used_import(statement: ast.stmt, names: set[str]) -> ast.stmt | None:
    """An import of those of its names that are among `names`; any other statement as it is."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return statement
    statement.names = [a for a in statement.names if (a.asname or a.name.partition(".")[0]) in names]
    return statement if statement.names else None


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a statement defines where it does nothing else."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        targets = [part for target in statement.targets for part in _parts(target)]
        if all(isinstance(target, ast.Name) for target in targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _parts(target: ast.expr) -> Iterable[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else [target]


def _names(tree: ast.Module) -> set[str]:
    """The names of a module that its code reads: a parameter or a local variable of the same name is none of them."""
    # What is assigned to by += has to be there.
    changed = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign)
        if isinstance(node.target, ast.Name)
    }
    return changed | _read(symtable.symtable(ast.unparse(tree), "module", "exec"))


def _read(table: symtable.SymbolTable) -> set[str]:
    """Those that the code of a table and of the tables in it reads of the module."""
    # In the body of a class or of the module, a name that is assigned to may be one of the module before that.
    inside = table.get_type() == "function"
    names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (s.is_global() or not inside)}
    return names.union(*map(_read, table.get_children()))


def _mentioned(tree: ast.Module) -> set[str]:
    """Names that a module imports from its siblings, or reads as an attribute of anything."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names
