"""From a params file to a published release: check, prepare, execute, audit, publish.

Nothing is published unless all notebooks are complete and the audit finds nothing that
a reader could work back. What it finds becomes a **plan**, the counts to hide as well,
and the notebooks run again with it. The plan of a release is kept in the workshop (see
`equity.publish.place`), so that the same release made again hides the same counts.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from equity import prepare, project, race
from equity.execute import (
    check_complete,
    chosen,
    declared,
    dependencies,
    execute,
)
from equity.params import Params, plain
from equity.prepare import sources
from equity.publish import audit, page, place, release

__all__ = ["NOTEBOOKS", "check_complete", "chosen", "declared", "run"]

NOTEBOOKS = (
    "00_data_quality",
    "01_service_access",
    "02_workforce_representation",
    "03_educational_achievement",
)
CELL_SECONDS = 600  # a cell that takes longer is stopped
ROUNDS = 4  # times that the audit may ask for more to be hidden
PLAN = "EQUITY_PLAN"  # names the plan to the notebooks' kernels
CODE = ("equity", "notebooks", "uv.lock")  # what makes a release's numbers


def run(
    params: Params,
    *,
    out: Path,
    cell_seconds: int = CELL_SECONDS,
    progress: bool = True,
    final: bool = False,
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
    final
        Whether the process has nothing else to do: once the release is in place,
        requests to stop are never heard again.

    Returns
    -------
    Path
        The release's `index.html`.

    Raises
    ------
    EquityError
        In one line, before a kernel starts where possible; an earlier release of the
        same period is left as it was. Notebooks that were complete by then are kept,
        and not executed again by the next run.

    Examples
    --------
    >>> [name[3:] for name in NOTEBOOKS]
    ['data_quality', 'service_access', 'workforce_representation',
    'educational_achievement']
    """
    books = [project.root() / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS]
    settings = {path: chosen(path, params) for path in books}
    tidy = project.processed_folder(params.city, params.period)
    kept = tidy.with_name(f"{params.period}-executed")
    described = sources.read_sources(project.sources_file(params.city))
    _refuse_controls(described)
    shared = place.alone(
        tidy.with_name("lock"),
        otherwise=f"another run of '{params.city}' is at work, for another folder of "
        "reports; wait until it has ended, then run again",
    )
    with place.locked(out, params.city) as room, shared:
        release.begin(
            out, city=params.city, city_name=params.city_name, period=params.period
        )
        tables = prepare.load(
            params.city,
            period=params.period,
            quarters=params.quarters,
            race_standard=params.race_standard,
            engine=params.engine,
            progress=progress,
        )
        plan = room / "plans" / f"{params.period}.json"
        for left in reversed(range(ROUNDS)):
            with _planned(plan):
                executed = execute(
                    settings,
                    kept=kept,
                    depends=dependencies(tidy.glob("*.parquet"), _text(plan)),
                    cell_seconds=cell_seconds,
                    progress=progress,
                )
            try:
                published = _publish(
                    executed,
                    out=out,
                    params=params,
                    tables=tables,
                    limits=described.limits,
                    progress=progress,
                    final=final,
                )
                break
            except release.ExposedError as error:
                if not left:
                    raise
                _hide_more(plan, error, params.min_cell)
        shutil.rmtree(kept, ignore_errors=True)
    return published / "index.html"


def _refuse_controls(described: sources.Sources) -> None:
    """Refuse control characters in what a city's sources say to readers."""
    for limit in described.limits:
        plain(limit.replace("\n", " "), "sources.yaml: limits")  # lines may end
    for source in described.files():
        plain(source.licence, f"sources.yaml: {source.file}: licence")


def _publish(
    executed: dict[str, Path],
    *,
    out: Path,
    params: Params,
    tables: prepare.Tables,
    limits: Sequence[str],
    progress: bool,
    final: bool,
) -> Path:
    commit, dirty = _commit()
    return release.publish(
        executed,
        out=out,
        city=params.city,
        city_name=params.city_name,
        period=params.period,
        facts=_facts(params, limits),
        commit=commit,
        dirty=dirty,
        lock=_lock(),
        params=params.published(),
        policy={
            "min_cell": params.min_cell,
            "zeros": params.zeros,
            "rounding": params.rounding,
        },
        inputs=dict(zip(tables.files["file"], tables.files["sha256"], strict=True)),
        progress=progress,
        final=final,
    )


def _facts(params: Params, limits: Sequence[str]) -> page.Facts:
    """Gather what every page says about itself."""
    return page.Facts(
        version=version("equity-notebooks"),
        method=f"Race and ethnicity: {race.standard(params.race_standard).title}.",
        summary=(
            f"Do all groups of people in {params.city_name} fare alike? These pages "
            "say what the public records that were given can show of it, and how sure "
            "each number is."
        ),
        limits=tuple(limits),
        confidence=params.confidence,
        min_cell=params.min_cell,
    )


# --- The audit's plan ---------------------------------------------------------


@contextmanager
def _planned(plan: Path) -> Iterator[None]:
    """Let kernels that start now know the plan, if there is one."""
    before = os.environ.pop(PLAN, None)
    if plan.is_file():
        os.environ[PLAN] = str(plan)
    try:
        yield
    finally:
        os.environ.pop(PLAN, None)
        if before is not None:
            os.environ[PLAN] = before


def _text(plan: Path) -> str:
    return plan.read_text(encoding="utf-8") if plan.is_file() else ""


def _hide_more(plan: Path, found: release.ExposedError, min_cell: int) -> None:
    """Add to the plan what has to be hidden, so that nothing can be worked back."""
    known = audit.Plan.read(plan).cells if plan.is_file() else ()
    more = audit.plan(
        found.told, found.exposed, min_cell=min_cell, earlier=found.earlier
    )
    cells = {count.key: count for count in (*known, *more.cells)}
    if len(cells) == len(known):
        raise found  # hiding what can be hidden is of no use
    place.write(plan, audit.Plan(tuple(cells.values())).as_json().encode())


# --- The code -----------------------------------------------------------------


def _commit() -> tuple[str | None, bool | None]:
    """Name the version of the code, and whether it changed since, if git knows."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", *CODE)
    return commit or None, None if commit is None or changed is None else bool(changed)


def _git(*arguments: str) -> str | None:
    """What git says; None where it is absent or refuses."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(project.root()), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return told.stdout.strip() if told.returncode == 0 else None


def _lock() -> str | None:
    """The sha256 of the file that pins every library, where the project has it."""
    path = project.root() / "uv.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
