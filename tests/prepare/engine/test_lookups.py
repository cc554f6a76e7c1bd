"""Labels and places of requests: each different one once, in one order."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from equity.prepare.engine import lookups

LABELS = st.text(st.sampled_from("aAbB ßs\u00a0"), max_size=4)


@given(labels=st.lists(LABELS, min_size=1, max_size=12, unique=True), data=st.data())
def test_categories_do_not_depend_on_the_order(labels, data):
    rows = [data.draw(st.integers(1, 3)) for _ in labels]
    found = pd.DataFrame({"category": labels, "rows": rows})
    one = lookups.categories(found)
    other = lookups.categories(found.iloc[::-1])
    pd.testing.assert_frame_equal(one.lookup, other.lookup)
    assert one.kinds == other.kinds == sorted(one.kinds)
    assert len(one.kinds) == len({" ".join(text.split()).casefold() for text in labels})


def test_of_spellings_as_frequent_the_first_by_text_is_used():
    found = pd.DataFrame({"category": ["tree", "TREE", "Tree"], "rows": [2, 1, 2]})
    made = lookups.categories(found)
    assert made.kinds == ["Tree"]
    assert made.lookup["category"][made.respelled].to_list() == ["TREE", "tree"]
    assert not made.blank.any()
