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
