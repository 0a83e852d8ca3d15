"""Mutants of the code that decides what a result says, and how many of them the fast tests notice.

    PYTHONPATH=. python benchmarks/mutants.py --mutants 5 --seed 0
    PYTHONPATH=. python benchmarks/mutants.py --file bench/score/kappa.py --mutants 20

A mutant is the code with one small change: a comparison or an operation exchanged, a number or a truth value altered,
a condition dropped, None returned, a call left out. It is killed when a test fails. Every mutant is made in a copy of
the tree. Text inside f-strings, annotations, decorators and what stands in strings is left alone.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[1]

MEMORY = ("tests/bench/evidence/test_memory.py", "tests/bench/evidence/test_contamination.py")
ANSWERS = (
    "tests/bench/evidence/test_figure.py",
    "tests/bench/evidence/test_verdict.py",
    "tests/bench/evidence/test_ablation.py",
    "tests/bench/evidence/test_conditions.py",
    "tests/bench/evidence/test_evidence.py",
    "tests/bench/evidence/test_simulation.py",
)
TESTS: Mapping[str, tuple[str, ...]] = {
    "bench/evidence/contamination": MEMORY,
    "bench/view/derived.py": MEMORY,
    "bench/evidence/drop.py": MEMORY,
    "bench/evidence/": ANSWERS,
    "bench/explain/belief/verdict.py": ("tests/bench/explain/test_verdict.py",),
    "bench/explain/belief/estimate.py": ("tests/bench/explain/test_verdict.py",),
    "bench/explain/": ("tests/bench/explain",),
    "bench/dataset/recording/": ("tests/bench/dataset/recording",),
    "bench/score/": ("tests/bench/score",),
    "taxonomy/parsing.py": ("tests/taxonomy",),
    "taxonomy/truth.py": ("tests/taxonomy",),
}
"""Tests of the files whose path begins so; the first that fits."""

EXCHANGED: Mapping[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
USAGE = 4
"""Exit code of pytest where a path is not there: no verdict on a mutant."""

CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the bytes from ``start`` to ``end`` become ``new``."""

    file: str
    line: int
    start: int
    end: int
    new: bytes

    def applied(self, source: bytes) -> bytes:
        """Return the changed source."""
        return source[: self.start] + self.new + source[self.end :]

    def diff(self, source: bytes) -> str:
        """Return the changed lines as they were and as they are."""
        first, last = source.rfind(b"\n", 0, self.start) + 1, source.find(b"\n", self.end)
        old, new = source[first:last], source[first : self.start] + self.new + source[self.end : last]
        return "\n".join(
            f"    {sign} {line.strip()}" for sign, text in (("-", old), ("+", new)) for line in _lines(text)
        )


def _lines(text: bytes) -> list[str]:
    return text.decode().splitlines()


def mutants_of(file: str, source: bytes) -> list[Mutant]:
    """Return every mutant of a file, in the order of their places."""
    begins = [0]
    for line in source.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    found = []
    for node, new in _changes(ast.parse(source)):
        start = begins[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = begins[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        found.append(Mutant(file, node.lineno, start, end, new.encode()))  # type: ignore[attr-defined]
    return sorted(set(found), key=lambda mutant: (mutant.start, mutant.end, mutant.new))


def _changes(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield the nodes that can be changed, and what each becomes."""
    if isinstance(tree, ast.JoinedStr):
        return
    yield from _of_node(tree)
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child)


def _of_node(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    match node:
        case ast.Compare(left, [operator], [right]):
            for other in EXCHANGED[type(operator)]:
                yield node, _text(ast.Compare(left, [other()], [right]))  # type: ignore[list-item]
        case ast.Compare(left, [first, *others], rights):
            for other in EXCHANGED[type(first)]:
                yield node, _text(ast.Compare(left, [other(), *others], rights))  # type: ignore[list-item]
        case ast.BoolOp(operator, values):
            yield node, _text(ast.BoolOp(EXCHANGED[type(operator)][0](), values))  # type: ignore[arg-type]
        case ast.BinOp(left, operator, right) if type(operator) in EXCHANGED:
            yield node, _text(ast.BinOp(left, EXCHANGED[type(operator)][0](), right))  # type: ignore[arg-type]
        case ast.AugAssign(target, operator, value) if type(operator) in EXCHANGED:
            yield node, ast.unparse(ast.AugAssign(target, EXCHANGED[type(operator)][0](), value))  # type: ignore[arg-type]
        case ast.UnaryOp(_, operand):
            yield node, _text(operand)
        case ast.Constant(bool(value)):
            yield node, str(not value)
        case ast.Constant(int(value) | float(value)):
            yield node, repr(value + 1)
        case ast.Return(ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield node, "return None"
        case ast.If(test=test) if not (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"):
            yield test, "False"
            yield test, _text(ast.UnaryOp(ast.Not(), test))
        case ast.IfExp(_, body, other):
            yield node, _text(body)
            yield node, _text(other)
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield test, "True"
        case ast.Expr(ast.Call() as call):
            yield call, "None"
        case ast.Call(ast.Name(name) as called) if name in CALLS:
            yield called, CALLS[name]
        case ast.Call(ast.Attribute(value, name) as called, _, _) if name in CALLS:
            yield called, ast.unparse(ast.Attribute(value, CALLS[name]))


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def tests_of(file: str) -> tuple[str, ...]:
    """Return the tests that are run for a file."""
    return next((tests for start, tests in TESTS.items() if file.startswith(start)), ("tests",))


def passes(tree: Path, file: str, timeout: float) -> bool:
    """Tell whether the tests of a file pass in a tree; hanging is failing."""
    words = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--tb=no")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, *tests_of(file)],
            cwd=tree,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree)},
            capture_output=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == USAGE:
        raise SystemExit(f"no such tests: {done.stderr.decode()}")
    return done.returncode == 0


def survives(mutant: Mutant, tree: Path, timeout: float) -> bool:
    """Tell whether no test notices a mutant; the tree is left as it was."""
    path = tree / mutant.file
    source = path.read_bytes()
    try:
        _written(path, mutant.applied(source))
        return passes(tree, mutant.file, timeout)
    finally:
        _written(path, source)


def _written(path: Path, source: bytes) -> None:
    """Write a module, and forget its compiled form, which a change within a second and of the same size would keep."""
    path.write_bytes(source)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


def drawn(files: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Return so many mutants of each file, or all where there are fewer."""
    found = []
    for file in files:
        every = mutants_of(file, (ROOT / file).read_bytes())
        chosen = random.Random(f"{seed} {file}").sample(every, min(count, len(every)))
        found += sorted(chosen, key=lambda mutant: mutant.start)
    return found


def noticed(mutants: Sequence[Mutant], processes: int, timeout: float) -> Iterator[tuple[Mutant, bool]]:
    """Yield each mutant and whether a test noticed it, in order."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(processes) as pool:
        trees: Queue[Path] = Queue()
        for number in range(processes):
            tree = Path(folder) / str(number)
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "__pycache__", "runs", ".*_cache"))
            trees.put(tree)

        def killed(mutant: Mutant) -> bool:
            tree = trees.get()
            try:
                return not survives(mutant, tree, timeout)
            finally:
                trees.put(tree)

        for tests, file in {tests_of(mutant.file): mutant.file for mutant in mutants}.items():
            if not passes(Path(folder) / "0", file, timeout):
                raise SystemExit(f"{' '.join(tests)}: fail, or pass the {timeout:g} s, without any mutant")
        yield from zip(mutants, pool.map(killed, mutants), strict=True)


def decisive_files() -> list[str]:
    """Return the files whose mutants are drawn where none is named."""
    paths = (path for start in TESTS for path in ROOT.glob(f"{start}*.py" if start.endswith("/") else start))
    files = sorted({path.relative_to(ROOT).as_posix() for path in paths if path.is_file()})
    return [file for file in files if mutants_of(file, (ROOT / file).read_bytes())]


def main() -> None:
    """Print what became of each mutant, and the share that was killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--file", action="append", help="a file, again for several; default: all that decide")
    parser.add_argument("--mutants", type=int, default=5, help="of each file (default 5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=180, help="seconds until hanging tests count as failed")
    words = parser.parse_args()
    mutants = drawn(words.file or decisive_files(), words.mutants, words.seed)
    begun, dead = time.perf_counter(), 0
    for mutant, is_killed in noticed(mutants, words.processes, words.timeout):
        dead += is_killed
        print(f"{'killed  ' if is_killed else 'SURVIVED'} {mutant.file}:{mutant.line}")
        print(mutant.diff((ROOT / mutant.file).read_bytes()), flush=True)
    seconds = time.perf_counter() - begun
    share = f"{dead / len(mutants):.0%}" if mutants else "none"
    print(f"{dead} of {len(mutants)} mutants killed ({share}), seed {words.seed}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
