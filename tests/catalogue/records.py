"""A record with which every check is content, and how to make it a worse one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LINE = "NVRM: Xid (PCI:0000:05:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
NEAR_MISS = "NVRM: Xid (PCI:0000:05:00): 48, pid=7, name=python3, An uncorrectable double bit error (DBE)"
ID = "nvidia/xid-79"


def good_record(**changes: Any) -> dict[str, Any]:
    """The record with `changes`; a change to None of a key that is wanted takes the key out."""
    record: dict[str, Any] = {
        "id": ID,
        "signature": LINE,
        "signature_zh": "NVRM: Xid 79，GPU 已掉卡。",
        "regex": r"Xid \((?P<device>[^)\n]{1,40})\): 79, [^\n]{0,80}?GPU has fallen off the bus",
        "domain": "nvidia",
        "category": "hardware",
        "root_cause": "The driver cannot reach the GPU over PCIe any more.",
        "root_cause_zh": "驱动无法再通过 PCIe 访问该 GPU。",
        "versions": [{"version": "nvidia-driver>=470"}],
        "dead_ends": [{"action": "Restart the job on the same node.", "why_fails": "The GPU stays gone."}],
        "workarounds": [
            {
                "action": "Drain the node and reboot it.",
                "success_rate": 0.6,
                "sources": ["https://docs.nvidia.com"],
            }
        ],
        "workarounds_zh": ["排空节点并重启。"],
        "transition_graph": {"leads_to": [], "preceded_by": [], "frequently_confused_with": []},
        "official_doc_url": "https://docs.nvidia.com/deploy/xid-errors/",
        "first_seen": "2014-05",
        "last_updated": "2026-11-22",
        "examples": {
            "match": [{"text": LINE, "where": "a forum"}],
            "no_match": [{"text": NEAR_MISS, "where": "a forum"}],
        },
    }
    return {key: value for key, value in {**record, **changes}.items() if value is not None}


def write(folder: Path, record: Mapping[str, Any], name: str = "") -> Path:
    """The record as a file below `folder`, where its id says or at `name`."""
    path = folder / f"{name or record['id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
