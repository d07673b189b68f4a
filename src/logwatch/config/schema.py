"""The JSON schema of a configuration file: completion and descriptions for editors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from logwatch.config.model import SECTIONS, Apprise, Config, Webhook

# `${NAME}` may stand for anything.
_VARIABLE: Mapping[str, Any] = {"type": "string", "pattern": r"\$\{"}
_TEXT: Mapping[str, Any] = {"type": "string"}
_NOT_TEXT = frozenset({"integer", "number", "boolean"})
# Sections that can be switched off, and keys of a receiver that take one text for a list of one.
_OFF_BY_NULL = ("events", "http")
_ONE_FOR_MANY = ((Webhook, "secret"), (Webhook, "secret_file"), (Apprise, "urls"), (Apprise, "urls_file"))
# What Python wants to know and an editor does not.
_NOISE = frozenset({"title", "writeOnly", "discriminator", "ge", "le"})


def config_schema() -> dict[str, Any]:
    """Allows what the loader allows: variables, null for what is switched off, one secret for a list.

    Of values it knows the type only: `logwatch check` knows more.
    """
    schema = _without_noise(Config.model_json_schema())
    definitions = schema["$defs"]
    keys = {
        model: (schema if model is Config else definitions[model.__name__])["properties"]
        for model in SECTIONS.values()
    }
    for section in _OFF_BY_NULL:
        keys[Config][section] = _or(keys[Config][section], {"type": "null"})
    for receiver, key in _ONE_FOR_MANY:
        keys[receiver][key] = _or(keys[receiver][key], _TEXT)
    for model, properties in keys.items():
        for key, property_ in properties.items():
            told = {**_meaning(model, key), **property_}
            closed = (key,) not in SECTIONS and _is_closed(property_)
            properties[key] = _or(told, _VARIABLE) if closed else told
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "logwatch configuration",
        **schema,
        "description": "See docs/configuration.md.",
    }


def _meaning(model: type[BaseModel], key: str) -> dict[str, str]:
    """What a section says of its key; where it only has another default, what is said above it."""
    for ancestor in model.__mro__:
        field = ancestor.model_fields.get(key) if issubclass(ancestor, BaseModel) else None
        if field is not None and field.description:
            return {"description": field.description}
    return {}


def _or(property_: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """`property_`, or what `other` describes."""
    told = {name: property_[name] for name in ("description", "default") if name in property_}
    bare = {name: value for name, value in property_.items() if name not in told}
    return {**told, "anyOf": [*bare.get("anyOf", [bare]), other]}


def _is_closed(property_: Mapping[str, Any]) -> bool:
    """Whether no free text may stand there, and so no variable."""
    choices = property_.get("anyOf", [property_])
    return any("enum" in one or "$ref" in one or one.get("type") in _NOT_TEXT for one in choices)


def _without_noise(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without the keywords of `_NOISE`; what is called so in the configuration stays."""
    return {
        name: {key: _without_noise(one) for key, one in value.items()}
        if name in {"properties", "$defs"}
        else _bare(value)
        for name, value in schema.items()
        if name not in _NOISE
    }


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_noise(value)
    return [_bare(one) for one in value] if isinstance(value, list) else value
