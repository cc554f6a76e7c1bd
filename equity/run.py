"""From a params file to a published release: check, prepare, execute, publish.

papermill's word is not taken: a notebook is complete when every code cell has run and
none shows an error. Nothing is published unless all notebooks are complete.
"""

import ast
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from tqdm import tqdm

from equity import errors, prepare, project, race
from equity.errors import NotebookError
from equity.params import Params
from equity.prepare import sources
from equity.publish import page, release

NOTEBOOKS = (
    "00_data_quality",
    "01_service_access",
    "02_workforce_representation",
    "03_educational_achievement",
)
CELL_SECONDS = 600  # a cell that takes longer is stopped


def run(
    params: Params,
    *,
    out: Path,
    cell_seconds: int = CELL_SECONDS,
    progress: bool = True,
) -> Path:
    """Make and publish the report of one city and period.

    Parameters
    ----------
    params
        The checked settings.
    out
        The folder of all reports; the release goes to `<out>/<city>/<period>`.
    cell_seconds
        The time limit of each notebook cell.
    progress
        Whether to show progress bars, on standard error.

    Returns
    -------
    Path
        The release's `index.html`.

    Raises
    ------
    EquityError
        In one line, before a kernel starts where possible; an earlier release of the
        same period is left as it was.

    Examples
    --------
    >>> [name[3:] for name in NOTEBOOKS]
    ['data_quality', 'service_access', 'workforce_representation',
    'educational_achievement']
    """
    books = [project.root() / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS]
    settings = {path: chosen(path, params) for path in books}
    tables = prepare.load(
        params.city,
        period=params.period,
        quarters=params.quarters,
        race_standard=params.race_standard,
        engine=params.engine,
        progress=progress,
    )
    with tempfile.TemporaryDirectory(prefix="equity-") as folder:
        executed = _execute_all(settings, Path(folder), cell_seconds, progress=progress)
        published = release.publish(
            executed,
            out=out,
            city=params.city,
            city_name=params.city_name,
            period=params.period,
            facts=_facts(params, tables),
            commit=_commit(),
            params=params.published(),
            inputs=dict(zip(tables.files["file"], tables.files["sha256"], strict=True)),
        )
    return published / "index.html"


def _facts(params: Params, tables: prepare.Tables) -> page.Facts:
    """Gather what every page says about itself."""
    return page.Facts(
        version=version("equity-notebooks"),
        method=f"Race and ethnicity: {race.standard(params.race_standard).title}.",
        summary=(
            f"Do all groups of residents of {params.city_name} fare alike? These pages "
            "compare the groups in what the city's own records show, and say how sure "
            "each number is."
        ),
        limits=tuple(sources.read_sources(project.sources_file(params.city)).limits),
        confidence=params.confidence,
        min_cell=params.min_cell,
    )


def _commit() -> str | None:
    """Name the version of the code, where it is kept in git."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(project.root()), "describe", "--always", "--dirty"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return told.stdout.strip() or None


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


def _execute_all(
    settings: dict[Path, dict], folder: Path, cell_seconds: int, *, progress: bool
) -> dict[str, Path]:
    """Execute all notebooks, several at once; any failure stops those not begun."""
    workers = min(len(settings), os.cpu_count() or 1)
    bar = tqdm(total=len(settings), desc="Running notebooks", disable=not progress)
    with bar, ThreadPoolExecutor(workers) as pool:
        jobs = {
            pool.submit(_execute, path, chosen, folder, cell_seconds): path
            for path, chosen in settings.items()
        }
        try:
            for job in as_completed(jobs):
                job.result()
                bar.set_postfix_str(jobs[job].stem)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {path.stem: folder / path.name for path in settings}


def _execute(path: Path, chosen: dict, folder: Path, cell_seconds: int) -> None:
    """Execute one notebook through papermill and check that it is complete."""
    executed = folder / path.name
    try:
        papermill.execute_notebook(
            path,
            executed,
            parameters=chosen,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            execution_timeout=cell_seconds,
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
    nbformat.write(notebook, executed)


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
        return (
            f"{name}, cell {next(failed, '?')}: {error.ename}: {said}; open the "
            "notebook in JupyterLab and run it there"
        )
    if "Timeout" in kind:
        return f"{name}: a cell took longer than {cell_seconds:,} seconds"
    if "DeadKernel" in kind:
        return f"{name}: its kernel died; was there enough memory?"
    return f"{name}: it could not be run ({kind})"
