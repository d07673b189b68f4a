"""YAML as a person would write it, and as every parser reads it."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from logwatch.export.block_yaml import block_yaml

VALUES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert yaml.safe_load(block_yaml(value)) == value


def test_text_of_several_lines_is_a_block_and_keys_keep_their_order() -> None:
    text = block_yaml({"groups": [{"expr": "sum (\n  up\n) > 0", "alert": "Down"}]})
    assert text == ("groups:\n  - expr: |-\n      sum (\n        up\n      ) > 0\n    alert: Down\n")


def test_a_value_that_stands_twice_is_written_twice() -> None:
    shared = {"type": "prometheus"}
    assert block_yaml([shared, shared]) == "- type: prometheus\n- type: prometheus\n"
