"""Attacks 24 and 26: outputs, paths and keys that were left in a notebook.

Each leak is put into a copy of every shipped notebook. The release is refused, the
error names notebook and cell, and no canary is in the error or in any file.
"""

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equity import run
from equity.errors import DisclosureError, EquityError, NotebookError
from equity.params import Params
from equity.publish import release
from equity.publish.page import Facts
from tests.attacks.reader import everything

CANARIES = ("CANARYNAME", "CANARYID", "CANARYKEY", "41.87654321", "/home/canary")
PEOPLE = """
import warnings
import pandas as pd
people = pd.DataFrame({"employee": ["CANARYID1", "CANARYID2"],
                       "name": ["CANARYNAME One", "CANARYNAME Two"],
                       "latitude": [41.87654321, 41.87654322]})
"""
LEAKS = {
    "print": "print(people.head())",
    "head": "people.head()",
    "repr": "people.to_dict()",
    "describe": "people.describe()",
    "value_counts": "people['name'].value_counts()",
    "warning": "warnings.warn('CANARYNAME')",
    "error": "raise ValueError('/home/canary/hr.csv?key=CANARYKEY')",
    "plot": "people.plot.scatter('latitude', 'latitude')",
    "html": "from IPython.display import HTML; HTML('<script>CANARYKEY</script>')",
    "image": "from IPython.display import Image; Image(b'CANARYNAME', format='png')",
    "hidden text": "display({'text/plain': '', 'text/html': ''}, raw=True)",
}


@pytest.fixture(scope="module")
def leaks():
    """Every leak as a kernel really writes it."""
    book = new_notebook(
        cells=[new_code_cell(PEOPLE), *(new_code_cell(code) for code in LEAKS.values())]
    )
    NotebookClient(
        book, kernel_name="python3", allow_errors=True, timeout=120
    ).execute()
    cells = dict(zip(LEAKS, book.cells[1:], strict=True))
    assert all(cell.outputs for cell in cells.values())
    return cells


def shipped(root):
    return {
        name: nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
        for name in run.NOTEBOOKS
    }


def publish(books, out, **further):
    return release.publish(
        books, out=out, city="sample", city_name="Sample", period="2025Q4",
        facts=Facts(version="0"), **further,
    )  # fmt: skip


def test_24_the_shipped_notebooks_are_published(root, tmp_path):
    """Else the refusals below would prove nothing."""
    assert (publish(shipped(root), tmp_path) / "index.html").is_file()


@pytest.mark.parametrize("name", run.NOTEBOOKS)
@pytest.mark.parametrize("leak", LEAKS)
def test_24_a_leak_stops_the_release_and_is_named(root, tmp_path, leaks, name, leak):
    books = shipped(root)
    books[name].cells.insert(6, leaks[leak])
    with pytest.raises(NotebookError) as refused:
        publish(books, tmp_path)
    said = str(refused.value)
    assert f"'{name}', cell 7" in said
    assert not [canary for canary in CANARIES if canary in said]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_24_code_metadata_and_attachments_are_not_published(root, tmp_path):
    """What a notebook holds beside its outputs never reaches a file."""
    books = shipped(root)
    for book in books.values():
        book.metadata["canary"] = "CANARYKEY"
        for cell in book.cells:
            cell.metadata["canary"] = "CANARYNAME"
            if cell.cell_type == "code":
                cell.source += "\n# /home/canary CANARYID"
    texts = everything(publish(books, tmp_path))
    assert not [n for n, text in texts.items() for c in CANARIES if c in text]


@pytest.mark.parametrize(
    "params",
    [
        {"path": "/home/canary/hr.csv"},
        {"raw": "C:\\Users\\canary\\hr.csv"},
        {"census_key": "CANARYKEY"},
        {"source": ["https", "~/canary"]},
    ],
)
def test_26_paths_and_keys_among_the_parameters_are_not_told(root, tmp_path, params):
    texts = everything(publish(shipped(root), tmp_path, params=params))
    told = (*CANARIES, "canary")
    assert not [name for name, text in texts.items() for c in told if c in text]


def test_26_an_input_named_by_its_path_is_refused(root, tmp_path):
    with pytest.raises(DisclosureError) as refused:
        publish(shipped(root), tmp_path, inputs={"/home/canary/hr.csv": "0" * 64})
    assert "canary" not in str(refused.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_26_what_an_error_says_is_not_repeated(root, tmp_path, monkeypatch, capfd):
    """A failed request has the key in its address; the run says which cell, no more."""
    for folder in ("notebooks", "params"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "sample").symlink_to(root / "data" / "raw" / "sample")
    book = new_notebook(
        cells=[
            new_markdown_cell("# Who waits?"),
            new_code_cell('city: str = "sample"', metadata={"tags": ["parameters"]}),
            new_code_cell(LEAKS["error"]),
        ]
    )
    nbformat.write(book, tmp_path / "notebooks" / f"{run.NOTEBOOKS[1]}.ipynb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "NOTEBOOKS", (run.NOTEBOOKS[1],))
    monkeypatch.setenv("CENSUS_API_KEY", "CANARYKEY")
    settings = Params(city="sample", city_name="Sample", period="2025Q4")
    with pytest.raises(EquityError, match="cell 3") as refused:
        run.run(settings, out=tmp_path / "reports", progress=False)
    told = "".join([str(refused.value), *capfd.readouterr()])
    assert not [canary for canary in CANARIES if canary in told]
    assert not list((tmp_path / "reports").rglob("*.html"))
