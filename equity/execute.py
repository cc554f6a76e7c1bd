"""Executing notebooks: several at once, complete or refused, and never twice.

papermill's word is not taken: a notebook is complete when every code cell has run and
none shows an error.

An executed notebook is **kept** in a private folder under a key made from everything
it depends on: its own source, its parameters, the tidy tables, the plan of the audit,
this package's code and the versions of all libraries. A run that was stopped therefore
goes on where it was, and ends in the same bytes as one that was not.
"""

import ast
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

import nbformat
import papermill
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from tqdm import tqdm

from equity import errors
from equity.errors import NotebookError
from equity.params import Params
from equity.publish import place

_RUNNING = ".running-"
_CODE = (".py", ".yaml", ".html", ".css", ".svg")  # what makes the package's code

# What they log is told in our own line; whoever wants the log still gets it.
for _name in ("papermill", "asyncio"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def chosen(path: Path, params: Params) -> dict[str, object]:
    """Choose the settings that a notebook declares.

    Parameters
    ----------
    path
        The notebook.
    params
        All settings.

    Returns
    -------
    dict
        What papermill passes on.

    Raises
    ------
    NotebookError
        If the notebook declares something that is not a setting.

    Examples
    --------
    >>> from equity import project
    >>> settings = Params(city="x", city_name="X", period="2025Q4")
    >>> path = project.root() / "notebooks" / "01_service_access.ipynb"
    >>> chosen(path, settings)["target_days"]
    14
    """
    every = params.model_dump()
    names = declared(path)
    unknown = sorted(set(names) - set(every))
    if unknown:
        raise NotebookError(
            f"{path.name}: its parameters cell declares {unknown}, which no params "
            "file can set; remove it or add it to equity.params"
        )
    return {name: every[name] for name in names}


def declared(path: Path) -> list[str]:
    """List the names that a notebook's parameters cell declares.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    list of str
        Names, in order.

    Raises
    ------
    NotebookError
        If the notebook is missing, or has not exactly one such cell.

    Examples
    --------
    >>> from equity import project
    >>> "period" in declared(project.root() / "notebooks" / "00_data_quality.ipynb")
    True
    """
    if not path.is_file():
        raise NotebookError(f"notebooks/{path.name} does not exist")
    cells = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if "parameters" in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        raise NotebookError(
            f"{path.name} has {len(cells)} cells tagged 'parameters'; it needs one"
        )
    names = []
    for statement in ast.parse(cells[0].source).body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def check_complete(notebook: nbformat.NotebookNode, name: str) -> None:
    """Refuse a notebook of which any code cell did not run or failed.

    Parameters
    ----------
    notebook
        As executed.
    name
        Its name, for the error.

    Raises
    ------
    NotebookError
        Naming the first such cell, counted from 1.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> check_complete(new_notebook(cells=[new_code_cell("1")]), "a.ipynb")
    Traceback (most recent call last):
    equity.errors.NotebookError: a.ipynb, cell 1: it did not run
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        where = f"{name}, cell {number}"
        for output in cell.outputs:
            if output.output_type == "error":
                raise NotebookError(f"{where}: {output.ename} was raised")
        if cell.execution_count is None:
            raise NotebookError(f"{where}: it did not run")


def execute(
    settings: Mapping[Path, Mapping[str, object]],
    *,
    kept: Path,
    depends: str,
    cell_seconds: int,
    progress: bool = True,
) -> dict[str, Path]:
    """Execute notebooks, several at once; take those that are kept already.

    Parameters
    ----------
    settings
        Notebooks, in reading order, and what papermill passes on to each.
    kept
        A private folder, where executed notebooks are kept.
    depends
        What all of them depend on beside themselves and their settings, in a digest;
        another one is another execution.
    cell_seconds
        The time limit of each cell.
    progress
        Whether to show a progress bar, on standard error.

    Returns
    -------
    dict
        Executed notebooks by page name, in the order given.

    Raises
    ------
    NotebookError
        If a notebook fails; those that run at that moment are stopped.

    Examples
    --------
    >>> execute({}, kept=Path("kept"), depends="", cell_seconds=600, progress=False)
    {}
    """
    places = {
        path: kept / _key(path, chosen, depends) / path.name
        for path, chosen in settings.items()
    }
    for left in kept.glob(f"{_RUNNING}*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    waiting = [path for path in settings if not _is_kept(places[path])]
    _Kernel.stopped = False
    bar = tqdm(total=len(settings), desc="Running notebooks", disable=not progress)
    workers = max(1, min(len(waiting), os.cpu_count() or 1))
    with bar, ThreadPoolExecutor(workers) as pool:
        bar.update(len(settings) - len(waiting))
        jobs = {
            pool.submit(
                _execute, path, settings[path], places[path], cell_seconds
            ): path
            for path in waiting
        }
        try:
            for job in as_completed(jobs):
                job.result()
                bar.set_postfix_str(jobs[job].stem)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _Kernel.kill_all()
            raise
    return {path.stem: places[path] for path in settings}


def dependencies(files: Iterable[Path], text: str = "") -> str:
    """Digest what every notebook depends on: data, the plan, code and libraries.

    Parameters
    ----------
    files
        The tidy tables.
    text
        The plan of the audit.

    Returns
    -------
    str
        64 digits.

    Examples
    --------
    >>> len(dependencies([]))
    64
    """
    found = {path.name: _digest(path.read_bytes()) for path in sorted(files)}
    return _digest(json.dumps([found, text, _code(), _libraries()]).encode())


def _key(path: Path, chosen: Mapping[str, object], depends: str) -> str:
    """Name everything that one executed notebook depends on."""
    parts = [path.name, _digest(path.read_bytes()), dict(chosen), depends]
    return _digest(json.dumps(parts, sort_keys=True).encode())[:32]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _code() -> str:
    """Digest this package's source."""
    home = Path(__file__).parent
    found = [path for path in sorted(home.rglob("*")) if path.suffix in _CODE]
    listed = [
        (path.relative_to(home).as_posix(), _digest(path.read_bytes()))
        for path in found
    ]
    return _digest(json.dumps(listed).encode())


@cache
def _libraries() -> list[str]:
    """Name every installed library with its version, and the interpreter's."""
    named = {f"{found.name}=={found.version}" for found in distributions()}
    return [sys.version, *sorted(named)]


def _is_kept(path: Path) -> bool:
    """Whether a complete executed notebook is there."""
    try:
        check_complete(nbformat.read(path, as_version=4), path.name)
    except (OSError, ValueError, NotebookError):
        return False
    return True


class _Kernel(AsyncKernelManager):
    """A kernel that can be stopped by whoever waits for the run."""

    running: ClassVar[WeakSet["_Kernel"]] = WeakSet()
    stopped = False

    async def start_kernel(self, **options: object) -> None:
        _Kernel.running.add(self)
        await super().start_kernel(**options)
        if _Kernel.stopped:
            self.kill()

    def kill(self) -> None:
        """Kill it; whatever waits for it ends with an error within a second."""
        process = getattr(self.provisioner, "process", None)
        if process is not None:
            process.kill()

    @classmethod
    def kill_all(cls) -> None:
        """Kill those that run, and those that are about to."""
        cls.stopped = True
        for kernel in list(cls.running):
            kernel.kill()


def _execute(
    path: Path, chosen: Mapping[str, object], done: Path, cell_seconds: int
) -> None:
    """Execute one notebook through papermill, check it, and keep it."""
    kept = done.parents[1]
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_RUNNING, dir=kept) as folder:
        executed = Path(folder) / path.name
        try:
            papermill.execute_notebook(
                path,
                executed,
                parameters=dict(chosen),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                execution_timeout=cell_seconds,
                kernel_manager_class=_Kernel,
                # Kernels otherwise tell every page how they are connected.
                extra_arguments=["--log-level=50"],
            )
        except Exception as error:
            raise NotebookError(
                _failure(executed, path.name, error, cell_seconds)
            ) from error
        finally:
            ensure_event_loop().close()  # the kernel's client leaves this thread's open
        notebook = _ours(nbformat.read(executed, as_version=4))
        check_complete(notebook, path.name)
        try:
            place.write(done, nbformat.writes(notebook).encode())
        except OSError as error:
            raise NotebookError(
                f"{path.name}: it ran, but cannot be kept ({error.strerror}); make "
                "room in the folder of processed data"
            ) from error


def _ours(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out the cells that papermill adds, so that cells count as people do."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not set(cell.metadata.get("tags", []))
        & {"injected-parameters", "papermill-error-cell-tag"}
    ]
    return notebook


def _failure(executed: Path, name: str, error: Exception, cell_seconds: int) -> str:
    """Say which cell failed and how, without repeating what it printed."""
    kind = type(error).__name__
    if isinstance(error, papermill.PapermillExecutionError):
        cells = _ours(nbformat.read(executed, as_version=4)).cells
        failed = (
            number
            for number, cell in enumerate(cells, start=1)
            if any(o.output_type == "error" for o in cell.get("outputs", []))
        )
        ours = isinstance(getattr(errors, error.ename, None), type)
        said = str(error.evalue).splitlines()[0] if ours else "it failed"
        if error.ename == "MemoryError":
            said = "there was not enough memory"
        return (
            f"{name}, cell {next(failed, '?')}: {error.ename}: {said}; open the "
            "notebook in JupyterLab and run it there"
        )
    if "Timeout" in kind:
        return f"{name}: a cell took longer than {cell_seconds:,} seconds"
    if "DeadKernel" in kind:
        return f"{name}: its kernel died; was there enough memory?"
    if isinstance(error, OSError):
        return f"{name}: it could not be run ({error.strerror or kind})"
    return f"{name}: it could not be run ({kind})"
