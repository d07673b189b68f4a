"""What every field of a record is for: for editors (JSON schema) and for docs/catalogue.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from logwatch.catalogue.entry import (
    DeadEnd,
    Entry,
    Example,
    Examples,
    Transition,
    TransitionGraph,
    VersionNote,
    Workaround,
)

MEANINGS: Mapping[type[BaseModel], Mapping[str, str]] = {
    Entry: {
        "id": "`domain/slug`, the path of the file. It is a label of the counter: it never changes lightly.",
        "signature": "The line as it is printed; the title of messages. It matches `regex`.",
        "signature_zh": "The same for readers of Chinese.",
        "regex": "Searched in every line, in the syntax of the `regex` module (ASCII, case told apart)."
        " Named groups become captures.",
        "domain": "Whose error it is: nccl, cuda, pytorch, slurm … A label of the counter.",
        "category": "What sort of error: config_error, timeout, hardware … A label of the counter.",
        "subcategory": "A finer sort.",
        "root_cause": "Why it happens, in two sentences.",
        "root_cause_zh": "The same for readers of Chinese.",
        "root_cause_type": "Where the cause is looked for; `generic` where nothing is said.",
        "versions": "The products and versions it is known of. Where yours is known to be another, the"
        " entry is said to be unlikely.",
        "os_specific": "What differs between operating systems.",
        "dead_ends": "What people try in vain.",
        "workarounds": "What to do. The one with the highest `success_rate` that can apply is recommended.",
        "workarounds_zh": "One text for each workaround, in the same order.",
        "transition_graph": "What people run into before and after, over days; never cause and effect.",
        "official_doc_url": "Where the product's makers write about it.",
        "official_doc_section": "The section there.",
        "error_code": "The product's own code: an Xid, an errno.",
        "verification_tier": "How much was checked: `source_verified` (format string read in the source),"
        " `issue_verified` (seen verbatim in public), `ai_generated`, `unverified`.",
        "confidence": "How sure the advice is, from 0 to 1; a filter for who gets paged.",
        "fix_success_rate": "How often it can be mended at all, from 0 to 1.",
        "resolvable": 'Whether a fix exists: "true", "partial" or "false".',
        "first_seen": "The date of the first report or release, as in 2026-11-22.",
        "last_confirmed": "The date on which somebody last saw that it holds.",
        "last_updated": "The date of the last change to the record.",
        "evidence_count": "In how many independent places it was seen.",
        "tags": "Words to find it by.",
        "locale": "The language of the texts that are not marked `_zh`.",
        "aliases": "Former ids. Configuration, silences and `explain` accept them.",
        "severity": "How bad it is for the job: info, warning, error, critical.",
        "decision": "One word for a machine: restart, stop, restart_elsewhere, reset_gpu, reboot, replace,"
        " ignore.",
        "sources": "The kinds of log it can stand in: training, serving, kernel, slurm, kubernetes, any.",
        "examples": "The evidence: real lines that must match, and the nearest that must not.",
        "clears": "A pattern for the line that says that it is over. What both it and `regex` capture under one "
        "name says what is over, as `server`.",
        "general": "Whether it is what can be said where nothing more is known: it is only looked for in lines in"
        " which no other entry is found.",
    },
    Workaround: {
        "action": "What to do: a command, a setting with its value, a version.",
        "success_rate": "How often it helps, from 0 to 1; a claim.",
        "how": "One line more: how, or why it helps.",
        "condition": "When it applies: `torch>=2.5`, or a short clause.",
        "sources": "Addresses where it was read.",
        "versions": "For which versions it is meant: `torch>=2.5`; one of them has to fit.",
        "os_specific": "For which operating systems it is meant: linux, windows, macos.",
    },
    DeadEnd: {
        "action": "What is tried.",
        "why_fails": "Why it does not help.",
        "fail_rate": "How often it fails, from 0 to 1; a claim.",
        "condition": "When this is so: `torch>=2.5`, or a short clause.",
        "sources": "Addresses where it was read.",
    },
    VersionNote: {
        "version": "A product and its versions (PEP 440): `accelerate>=0.20.0`.",
        "introduced": "The version that brought it.",
        "deprecated": "The version that warned about it.",
        "removed": "The version that ended it.",
        "behavior_change": "What changed.",
        "status": "active, fixed …",
    },
    TransitionGraph: {
        "leads_to": "What people meet next.",
        "preceded_by": "What they had met before.",
        "frequently_confused_with": "What it could be instead.",
    },
    Transition: {
        "error_id": "The id of the other entry.",
        "probability": "How often, from 0 to 1.",
        "distinction": "How to tell the two apart.",
    },
    Examples: {
        "match": "Real lines that this entry recognises before any other.",
        "no_match": "The nearest real lines that it must not match.",
    },
    Example: {
        "text": "The line, verbatim.",
        "product": "What printed it.",
        "version": "In which version.",
        "where": "Where it was read: an address, or repository:path.",
        "note": "What there is to say about it; for a line that must not match, why not.",
    },
}


def entry_schema() -> dict[str, Any]:
    """The JSON schema of a record: completion and descriptions for editors.

    It allows what the loader allows: null for a text or a list that is left out, an id for a transition.
    """
    schema = Entry.model_json_schema()
    definitions = schema["$defs"]
    for model, meanings in MEANINGS.items():
        properties = (schema if model is Entry else definitions[model.__name__])["properties"]
        for name, meaning in meanings.items():
            told = _told(name, properties[name], model.model_fields[name])
            properties[name] = {"description": meaning, **told}
    for neighbours in definitions["TransitionGraph"]["properties"].values():
        _array_of(neighbours)["items"] = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Transition"}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "logwatch catalogue entry",
        "description": "One known error. See docs/catalogue.md.",
    }


# What the loader turns into a text by itself.
_TURNED_INTO_TEXT = {"resolvable": "boolean", "error_code": "integer"}
# What it takes for an empty text or list, and for a list of one.
_SHORT_FORMS: Mapping[str, Any] = {"null": None, "string": "one"}


def _told(name: str, property_: Mapping[str, Any], field: FieldInfo) -> dict[str, Any]:
    """The property with the further types that the loader takes for it, without what only Python wants."""
    bare = {key: value for key, value in property_.items() if key not in {"title", "description", "default"}}
    allowed = list(bare.get("anyOf", [bare]))
    if name in _TURNED_INTO_TEXT:
        allowed.append({"type": _TURNED_INTO_TEXT[name]})
    there = {one.get("type") for one in allowed}
    allowed += [
        {"type": name}
        for name, value in _SHORT_FORMS.items()
        if name not in there and _takes(field, value) and (name == "null" or "array" in there)
    ]
    return {"anyOf": allowed} if len(allowed) > 1 else bare


def _takes(field: FieldInfo, value: object) -> bool:
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def _array_of(property_: Mapping[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = property_["anyOf"]
    return next(one for one in choices if one.get("type") == "array")


def field_table() -> str:
    """The fields of a record as a Markdown table; docs/catalogue.md holds exactly this."""
    return "\n".join(("| field | type | what it is for |", "|---|---|---|", *_rows()))


def _rows() -> Iterator[str]:
    schema = entry_schema()
    required = set(schema["required"])
    for name, meaning in MEANINGS[Entry].items():
        kind = _kind(schema["properties"][name], schema["$defs"])
        must = " **required**" if name in required else ""
        yield f"| `{name}` | {kind}{must} | {meaning} |"


def _kind(property_: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A word for the type, as JSON calls it."""
    choice = next(iter(property_.get("anyOf", [property_])))
    if "$ref" in choice:
        choice = definitions[choice["$ref"].rpartition("/")[2]]
    if "enum" in choice:
        return "word"
    if choice["type"] == "array":
        return "list"
    return str(choice["type"])
