"""Every word that is ours, in the two languages spoken. What the catalogue says is translated there."""

from collections.abc import Mapping
from dataclasses import dataclass

from logwatch.catalogue.entry import Language


@dataclass(frozen=True, slots=True)
class Phrases:
    """Labels and sentences. Those with braces are filled with numbers or text by `str.format`."""

    severities: Mapping[str, str]
    decisions: Mapping[str, str]
    tiers: Mapping[str, str]
    resolvable: Mapping[str, str]
    job: str
    where: str
    labels: str
    first_seen: str
    last_seen: str
    count: str
    error: str
    severity: str
    decision: str
    updated: str
    quiet: str
    quiet_for: str
    times: str
    times_in_places: str
    in_job: str
    more_places: str
    more_errors: str
    more_lines: str
    do_first: str
    otherwise: str
    helps: str
    wont_help: str
    fails: str
    when: str
    why: str
    unsure: str
    unlikely: str
    echoes: str
    next_hits: str
    silence: str
    catalogue: str
    documentation: str
    status_page: str


_EN = Phrases(
    severities={"info": "INFO", "warning": "WARNING", "error": "ERROR", "critical": "CRITICAL"},
    decisions={
        "restart": "restart the job",
        "stop": "stop: a restart will fail the same way",
        "restart_elsewhere": "restart the job on another node",
        "reset_gpu": "reset the GPU",
        "reboot": "reboot the node",
        "replace": "replace the hardware",
        "ignore": "ignore",
    },
    tiers={"ai_generated": "AI-generated, unverified", "unverified": "unverified"},
    resolvable={
        "true": "A fix is known.",
        "partial": "It can be worked around; no full fix is known.",
        "false": "No fix is known.",
    },
    job="Job",
    where="Where",
    labels="Labels",
    first_seen="First seen",
    last_seen="Last seen",
    count="Count",
    error="Error",
    severity="Severity",
    decision="Decision",
    updated="Still going on",
    quiet="Quiet",
    quiet_for="Nothing new for {minutes} min. The log does not say that it is solved.",
    times="{count}×",
    times_in_places="{count}× in {places} places",
    in_job="job {job}",
    more_places="+{count} more",
    more_errors="+{count} more",
    more_lines="… lines left out: {count}",
    do_first="Do this first",
    otherwise="Otherwise",
    helps="claimed to help in {percent} % of cases",
    wont_help="Won't help",
    fails="claimed to fail in {percent} % of cases",
    when="when: {condition}",
    why="Why",
    unsure="only {percent} % sure",
    unlikely="Unlikely here: {reason}",
    echoes="Follows from it",
    next_hits="People often hit next",
    silence="Quiet it",
    catalogue="catalogue {version}",
    documentation="Documentation",
    status_page="Status page",
)

_ZH = Phrases(
    severities={"info": "提示", "warning": "警告", "error": "错误", "critical": "严重"},
    decisions={
        "restart": "重启任务",
        "stop": "停止：重启后仍会以同样方式失败",
        "restart_elsewhere": "换一个节点重启任务",
        "reset_gpu": "重置 GPU",
        "reboot": "重启节点",
        "replace": "更换硬件",
        "ignore": "可忽略",
    },
    tiers={"ai_generated": "AI 生成，未经验证", "unverified": "未经验证"},
    resolvable={
        "true": "已有修复方法。",
        "partial": "可以绕过，尚无彻底的修复方法。",
        "false": "尚无修复方法。",
    },
    job="任务",
    where="位置",
    labels="标签",
    first_seen="首次出现",
    last_seen="最近出现",
    count="次数",
    error="错误编号",
    severity="级别",
    decision="处置",
    updated="仍在发生",
    quiet="已平静",
    quiet_for="已有 {minutes} 分钟没有新记录。日志并未说明问题已解决。",
    times="{count} 次",
    times_in_places="{places} 处共 {count} 次",
    in_job="任务 {job}",
    more_places="另有 {count} 处",
    more_errors="另有 {count} 种",
    more_lines="…… 省略 {count} 行",
    do_first="先这样做",
    otherwise="其他办法",
    helps="据称 {percent}% 的情况下有效",
    wont_help="没有用的做法",
    fails="据称 {percent}% 的情况下无效",
    when="适用条件：{condition}",
    why="原因",
    unsure="把握仅 {percent}%",
    unlikely="此处不太可能：{reason}",
    echoes="由此引发",
    next_hits="接下来常遇到",
    silence="静默",
    catalogue="目录 {version}",
    documentation="文档",
    status_page="状态页",
)


def phrases(language: Language) -> Phrases:
    return _ZH if language == "zh" else _EN
