"""The documents name every key that there is, and no page names one that is not."""

import re

from equity.prepare import sources


def models():
    for kind in sources.KINDS:
        (model,) = sources.Sources.model_fields[kind].annotation.__args__
        yield kind, model


def test_every_key_of_sources_is_explained(root):
    text = (root / "docs" / "sources.md").read_text()
    said = set(re.findall(r"`([a-z_0-9]+)`", text))
    for kind, model in models():
        assert kind in said
        keys = {*model.model_fields, *model.NEEDS, *model.MAY}
        assert keys <= said, (kind, keys - said)


def test_every_kind_of_separate_key_is_explained(root):
    text = (root / "docs" / "sources.md").read_text()
    said = set(re.findall(r"`([a-z_0-9]+)`", text))
    fields = sources.Raced.model_fields
    for name in ("several", "hispanic"):
        (model, _) = fields[name].annotation.__args__
        assert set(model.model_fields) <= said


def test_every_page_on_a_measure_is_listed_and_every_link_leads_somewhere(root):
    folder = root / "docs" / "measures"
    index = (folder / "README.md").read_text()
    listed = set(re.findall(r"\]\(([a-z-]+\.md)\)", index))
    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}
    for page in [*folder.glob("*.md"), *(root / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)
