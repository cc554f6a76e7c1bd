"""Make the notebooks' committed outputs again, on the sample city.

Run as `python -m equity.refresh`, or `make refresh`. The outputs are what readers see
on the web and what the tests compare with, so they are committed; what changes from
run to run (times, kernel details) is left out.
"""

from pathlib import Path

import nbformat
import papermill
from tqdm import tqdm

from equity import project, run


def refresh(path: Path) -> None:
    """Execute one notebook with the defaults it declares, and keep its outputs.

    Parameters
    ----------
    path
        The notebook; it is written in place if every cell ran.

    Raises
    ------
    NotebookError
        If a cell did not run.

    Examples
    --------
    >>> clean(nbformat.v4.new_notebook()).metadata.kernelspec.name
    'python3'
    """
    executed = papermill.execute_notebook(
        path,
        None,
        kernel_name="python3",
        progress_bar=False,
        extra_arguments=["--log-level=40"],
    )
    run.check_complete(executed, path.name)
    nbformat.write(clean(executed), path)


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop the metadata that differs from run to run.

    Parameters
    ----------
    notebook
        As executed; changed in place.

    Returns
    -------
    NotebookNode
        The same notebook.

    Examples
    --------
    >>> sorted(clean(nbformat.v4.new_notebook()).metadata)
    ['kernelspec', 'language_info']
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells, start=1):
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.id = f"cell-{number:02}"
    return notebook


if __name__ == "__main__":
    for name in tqdm(run.NOTEBOOKS, desc="Refreshing notebooks"):
        refresh(project.root() / "notebooks" / f"{name}.ipynb")
