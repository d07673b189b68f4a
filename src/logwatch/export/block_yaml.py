"""YAML as a person would write it: keys in their order, text of several lines as a block."""

from typing import Any

import yaml


class _Block(yaml.SafeDumper):
    """A dumper of its own: what is registered here changes nobody else's."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        # Lists are set in, as Prometheus and Kubernetes show them in their examples.
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Block.add_representer(str, _text)


def block_yaml(value: Any) -> str:
    """`value`, made of dicts, lists, texts and numbers, as one document."""
    return yaml.dump(value, Dumper=_Block, sort_keys=False, width=110)
