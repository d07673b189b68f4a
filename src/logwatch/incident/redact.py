"""Secrets in log text are masked before a line is published anywhere."""

import re
from functools import lru_cache

from logwatch.scan.digits import shape_of

_MASKED = r"\g<1>[masked]"
# Each pattern keeps what tells a reader which secret it was, and drops the secret itself. Before it is tried
# one of its words has to be there, in either case: nine lines of ten cost a twentieth that way.
_SECRETS = (
    # Tokens with a published prefix: Hugging Face, GitHub, GitLab, Slack, OpenAI and Anthropic, NVIDIA NGC,
    # Google API keys, PyPI, npm.
    (
        ("hf_", "gh", "glpat-", "xox", "xapp-", "sk-", "nvapi-", "aiza", "pypi-", "npm_"),
        re.compile(
            r"\b(hf_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|sk-(?:ant-|proj-)?|nvapi-|AIza|pypi-"
            r"|npm_)[A-Za-z0-9_\-]{12,}"
        ),
    ),
    # AWS access key ids.
    (("akia", "asia"), re.compile(r"\b((?:AKIA|ASIA))[A-Z0-9]{16}\b")),
    # user:password@ in URLs.
    (("://",), re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)),
    # Signed URLs and query strings.
    (
        ("?", "&"),
        re.compile(
            r"([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)|sig|signature"
            r"|token|access_token|api_?key|AWSAccessKeyId|key|password)=)[^&\s\"'<>]+",
            re.IGNORECASE,
        ),
    ),
    # Authorization headers.
    (
        ("bearer", "basic"),
        re.compile(r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9+/_.~\-]{8,}=*", re.IGNORECASE),
    ),
    # NAME=secret and "name": "secret", for names that end as secrets' names do.
    (
        ("password", "passwd", "secret", "token", "key", "credential"),
        re.compile(
            r"((?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\"']?"
            r"\s*[=:]\s*[\"']?)(?!\[masked\])[^\s\"',;&]{6,}",
            re.IGNORECASE,
        ),
    ),
    # Slack incoming webhooks: the path is the secret.
    (("hooks.slack.com",), re.compile(r"(hooks\.slack\.com/services/)[A-Za-z0-9/_-]+")),
    # JSON web tokens.
    (("eyj",), re.compile(r"\b(eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")),
)


# Characters. What is longer is not kept in mind.
_LONG = 1024
_WORDS = tuple(word for words, _ in _SECRETS for word in words)


def redact(text: str) -> str:
    """`text` with tokens, keys, passwords and signatures replaced by `[masked]`."""
    if len(text) > _LONG:
        return _masked(text)
    shape = shape_of(text.encode("utf-8", "surrogatepass"))
    return _masked(text) if _may_hold_a_secret(shape) else text


# No word has a digit in it, and in a storm lines differ in little else.
@lru_cache(maxsize=1024)
def _may_hold_a_secret(shape: bytes) -> bool:
    folded = shape.decode("utf-8", "surrogatepass").casefold()
    return any(word in folded for word in _WORDS)


def _masked(text: str) -> str:
    folded = text.casefold()
    for words, pattern in _SECRETS:
        if any(word in folded for word in words):
            text = pattern.sub(_MASKED, text)
    return text
