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
    followers: str
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
    line: str
    status: str
    unsure: str
    unlikely: str
    echoes: str
    next_hits: str
    silence: str
    outcome: str
    here: str
    catalogue: str
    documentation: str
    status_page: str
    digest: str
    # What an incident's `Remark`s say, by kind.
    remarks: Mapping[str, str]


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
    updated="Update",
    quiet="Quiet",
    quiet_for="Nothing new for {minutes} min. The log does not say that it is solved.",
    times="{count}×",
    times_in_places="{count}× in {places} places",
    in_job="job {job}",
    followers="{count} follow from it",
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
    line="Line",
    status="Status",
    unsure="only {percent} % sure",
    unlikely="Unlikely here: {reason}",
    echoes="Follows from it",
    next_hits="People often hit next",
    silence="Mute it for 2 h, where logwatch runs",
    outcome="Say what came of it, `worked` or `failed`",
    here="here it helped {worked} of {tried} times",
    catalogue="catalogue {version}",
    documentation="Documentation",
    status_page="Status page",
    digest="Messages were held back",
    remarks={
        "previous_xid": "The driver names it: {effect} was caused by previous Xid {xid}.",
        "same_pid": "{effect} names the process of {cause}: pid {pid}.",
        "named_rank": "{effect} names rank {rank}, and {cause} stands in the log of rank {rank}.",
        "named_peer": "{effect} names the peer {peer}, and {cause} was seen there.",
        "edge": "{effect} is known to follow from {cause} ({edge}).",
        "edge_looking_back": "{effect} is known to follow from {cause} ({edge}). It says that it had waited "
        "{seconds} s: its cause is that much older.",
        "points_to_rank": "Its line points to rank {rank}: the log of that rank says more.",
        "points_to_peer": "Its line points to {peer}: the logs there say more.",
        "elsewhere": "Only symptoms were seen here: the cause is probably on another node.",
        "only_summary": "Only the launcher's summary was seen: what ended the process stands in its own log.",
        "new_root": "The cause turned out to be {error}, not {before}.",
        "more": "{count} more since the last message.",
        "more_echoes": "{count} more that follow from it.",
        "more_places": "{count} more places.",
        "merged": "This is part of another incident: {error} ({incident}).",
        "cleared": "The log says that it is over.",
        "crowded_out": "Too many incidents are open; this one is not followed any longer.",
        "unmuted": "It was muted; messages not sent: {count}.",
        "crowd": "It befalls many jobs at once: {jobs} so far. Further ones are counted here.",
        "digest": "Suppressed {count} further, about {incidents} incidents.",
        "digest_of": "{error}: {count}.",
        "digest_of_job": "{error} in job {job}: {count}.",
        "digest_more": "And {count} more incidents.",
    },
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
    updated="更新",
    quiet="已平静",
    quiet_for="已有 {minutes} 分钟没有新记录。日志并未说明问题已解决。",
    times="{count} 次",
    times_in_places="{places} 处共 {count} 次",
    in_job="任务 {job}",
    followers="由此引发 {count} 次",
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
    line="日志行",
    status="状态",
    unsure="把握仅 {percent}%",
    unlikely="此处不太可能：{reason}",
    echoes="由此引发",
    next_hits="接下来常遇到",
    silence="静默 2 小时（在 logwatch 所在的机器上）",
    outcome="反馈结果，`worked` 或 `failed`",
    here="此处 {tried} 次中有效 {worked} 次",
    catalogue="目录 {version}",
    documentation="文档",
    status_page="状态页",
    digest="部分消息未发送",
    remarks={
        "previous_xid": "驱动已指明：{effect} 由先前的 Xid {xid} 引起。",
        "same_pid": "{effect} 指明的进程即 {cause} 的进程：pid {pid}。",
        "named_rank": "{effect} 指向 rank {rank}，而 {cause} 正出现在 rank {rank} 的日志中。",
        "named_peer": "{effect} 指向对端 {peer}，而 {cause} 正出现在该处。",
        "edge": "已知 {effect} 会由 {cause} 引起（{edge}）。",
        "edge_looking_back": "已知 {effect} 会由 {cause} 引起（{edge}）。它称已等待 {seconds} 秒："
        "起因发生在那么久之前。",
        "points_to_rank": "该行指向 rank {rank}：请查看该 rank 的日志。",
        "points_to_peer": "该行指向 {peer}：请查看该处的日志。",
        "elsewhere": "此处只见到症状：起因很可能在另一个节点上。",
        "only_summary": "只见到启动器的汇总：进程因何结束，要看它自己的日志。",
        "new_root": "起因查明为 {error}，而非 {before}。",
        "more": "自上一条消息以来新增 {count} 次。",
        "more_echoes": "由此引发的新增 {count} 次。",
        "more_places": "新增 {count} 处。",
        "merged": "这属于另一事件：{error}（{incident}）。",
        "cleared": "日志表明已经恢复。",
        "crowded_out": "未结束的事件过多，不再跟踪此事件。",
        "unmuted": "此前处于静默，未发送的消息：{count} 条。",
        "crowd": "许多任务同时出现此错误：目前 {jobs} 个。其余的只在此处计数。",
        "digest": "另有 {count} 条消息未发送，涉及 {incidents} 个事件。",
        "digest_of": "{error}：{count} 条。",
        "digest_of_job": "{error}（任务 {job}）：{count} 条。",
        "digest_more": "另有 {count} 个事件。",
    },
)


def phrases(language: Language) -> Phrases:
    return _ZH if language == "zh" else _EN
