"""Making strings from logs safe to show: in a terminal, in a log line, in a report.

The people under investigation write prompts, user agents, device ids and mail domains. Shown as they are, such strings
can recolour a terminal, reverse the reading order of a line, or forge a line of their own.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|[\x1b\x9d][\]PX^_]?[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"  # OSC, DCS: titles, links, clipboard
    r"|\x1b[@-Z\\-_]?"  # the rest of the C1 set
)
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT = frozenset("\u200c\u200d")  # joiners: words in Persian, Hindi and emoji sequences need them
_MAX_MARKS = 3
"""Combining marks in a row that a real script may need; more is "zalgo" text that spills over its neighbours."""


def clean(text: str, limit: int = 200) -> str:
    """Return `text` on one line without escape sequences, control, bidirectional and invisible characters.

    White space is folded to single blanks; what is longer than `limit` characters ends in "…". Cost is linear in
    `4 * limit` whatever the length of `text`.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    window = text[: 4 * limit + 64]
    kept: list[str] = []
    marks = 0
    for char in _ESCAPE_SEQUENCE.sub("", window):
        category = unicodedata.category(char)
        if char.isspace():
            kept.append(" ")
        elif category not in _INVISIBLE_CATEGORIES or char in _KEPT:
            marks = marks + 1 if category == "Mn" else 0
            if marks <= _MAX_MARKS:
                kept.append(char)
    line = " ".join("".join(kept).split())
    if len(line) > limit or len(window) < len(text):
        return line[: limit - 1].rstrip() + "…"
    return line
