# ruff: noqa: E501, RUF001, S311  # prompts in many languages; a seeded world, no cryptography
"""Prompts with a known truth: templates of several kinds with filled slots, and one-off prompts of people."""

from __future__ import annotations

import random
from collections.abc import Callable

Row = tuple[str, str | None]
Filler = Callable[[random.Random], str]

FUNCTION = [
    "the",
    "the",
    "the",
    "the",
    "of",
    "of",
    "of",
    "and",
    "and",
    "to",
    "to",
    "in",
    "in",
    "a",
    "a",
    "that",
    "is",
    "was",
    "for",
    "it",
    "with",
    "as",
    "on",
    "be",
    "at",
    "by",
    "this",
    "had",
    "not",
    "are",
    "but",
    "from",
    "or",
    "have",
    "an",
    "they",
    "which",
    "one",
    "you",
    "were",
    "all",
    "her",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
    "will",
    "no",
    "more",
    "if",
    "out",
    "so",
    "up",
]
CONTENT = [
    "river",
    "market",
    "engine",
    "council",
    "letter",
    "winter",
    "theory",
    "garden",
    "signal",
    "policy",
    "doctor",
    "village",
    "harbour",
    "window",
    "number",
    "method",
    "captain",
    "history",
    "machine",
    "reason",
    "summer",
    "energy",
    "colour",
    "student",
    "answer",
    "island",
    "paper",
    "forest",
    "kitchen",
    "memory",
    "planet",
    "bridge",
    "teacher",
    "culture",
    "language",
    "treaty",
    "muscle",
    "current",
    "orbit",
    "surface",
    "vector",
    "battery",
    "protein",
    "ledger",
    "voter",
    "committee",
    "painter",
    "crystal",
    "fabric",
    "network",
    "sample",
    "weather",
    "railway",
    "species",
    "orchard",
    "theatre",
    "council",
    "budget",
    "novel",
    "cathedral",
    "tunnel",
    "glacier",
    "enzyme",
    "quartz",
    "lantern",
    "parish",
    "voyage",
    "compass",
    "treasury",
    "merchant",
    "furnace",
]
VERBS = [
    "carried",
    "found",
    "explained",
    "opened",
    "measured",
    "followed",
    "refused",
    "changed",
    "described",
    "built",
    "crossed",
    "reached",
    "studied",
    "lifted",
    "argued",
    "printed",
    "watched",
    "repaired",
    "compared",
    "ignored",
    "observed",
    "collected",
]
NAMES = [
    "Maria Silva",
    "John Smith",
    "Wei Zhang",
    "Aisha Khan",
    "Olga Petrova",
    "Kenji Sato",
    "Luca",
    "Priya Patel",
    "Tom",
]
LANGUAGES = ["French", "German", "Spanish", "Japanese", "Korean", "Arabic", "Hindi", "Brazilian Portuguese"]
CHARACTERS = (
    "天地人山川日月水火木金土石田力口目耳手足心王玉竹米糸虫貝車門雨青空花草林森犬猫鳥魚馬牛羊東西南北春夏秋冬朝昼夜"
)
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
THAI = "กขคงจฉชซดตถทธนบปผพฟมยรลวสหอ"


def word(rng: random.Random) -> str:
    return rng.choice(CONTENT)


def invented(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfglmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def number(rng: random.Random) -> str:
    return rng.choice([str(rng.randint(1, 20)), str(rng.randint(1, 10**6)), f"{rng.random() * 100:.2f}"])


def name(rng: random.Random) -> str:
    return rng.choice(NAMES)


def sentence(rng: random.Random) -> str:
    out: list[str] = []
    for _ in range(rng.randint(5, 18)):
        bag = FUNCTION if rng.random() < 0.5 else CONTENT if rng.random() < 0.6 else VERBS
        out.append(rng.choice(bag) if rng.random() < 0.93 else invented(rng))
    return " ".join(out).capitalize() + "."


def passage(rng: random.Random) -> str:
    return " ".join(sentence(rng) for _ in range(rng.randint(1, 8)))


def quote(rng: random.Random) -> str:
    return f'"{passage(rng)}"'


def phrase(rng: random.Random) -> str:
    return " ".join(rng.choice([word, word, invented])(rng) for _ in range(rng.randint(1, 4)))


def code(rng: random.Random) -> str:
    a, b, c = invented(rng), invented(rng), invented(rng)
    return rng.choice(
        [
            f"def {a}({b}, {c}):\n    return {b} + {c}",
            f"for (int i = 0; i < {number(rng)}; i++) {{ {a}[i] = {b}; }}",
            f"SELECT {a}, {b} FROM {c} WHERE {a} > {number(rng)};",
            f"class {a}:\n    def __init__(self, {b}):\n        self.{b} = {b}\n",
            f"const {a} = async ({b}) => {{ await {c}({b}); }};",
            f"```python\nimport {a}\nx = [{b}(i) for i in range({number(rng)})]\nprint(x)\n```",
        ]
    )


def language(rng: random.Random) -> str:
    return rng.choice(LANGUAGES)


def han(rng: random.Random) -> str:
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(2, 30)))


def kana(rng: random.Random) -> str:
    return "".join(rng.choice(KANA + CHARACTERS) for _ in range(rng.randint(2, 25)))


def thai(rng: random.Random) -> str:
    return "".join(rng.choice(THAI) + rng.choice(["", "า", "ิ", "ี", "้", "่"]) for _ in range(rng.randint(3, 20)))


def cyrillic(rng: random.Random) -> str:
    return " ".join("".join(rng.choice("бвгдклмнпрст") + rng.choice("аеиоу") for _ in range(3)) for _ in range(3))


TEMPLATES: list[tuple[str, tuple[Filler, ...]]] = [
    ("Imagine the internal reasoning behind {} and write it down step by step before you answer", (phrase,)),
    ("You are an expert grader. Score the answer {} against the rubric {} on a scale from 1 to 10.", (quote, quote)),
    ("Fix the bug in this code and explain the change:\n{}", (code,)),
    ("Write unit tests for the following function:\n\n{}\n\nUse {} test cases at least.", (code, number)),
    ("Translate the following passage into {}: {}", (language, quote)),
    ("Summarise this text in three bullet points: {}", (passage,)),
    ("Summarise this text in one short sentence: {}", (passage,)),
    ("{}\n\nList every person, place and organisation that the text above mentions.", (passage,)),
    ("Rewrite the message from {} so that it is polite and safe: {}", (name, quote)),
    ("Given the table with columns {}, {} and {}, compute the average of {} per group", (word, word, word, word)),
    ("Role-play as {} and answer the question: {}", (name, sentence)),
    ("Describe what is wrong in picture {} and how {} would repair it", (number, name)),
    ("Solve the equation {} x + {} = {} and show all your work", (number, number, number)),
    ("What would {} say to {} about the {} of {}?", (name, name, word, word)),
    ("Generate a JSON object with the fields {}, {} and {} for a product called {}", (word, word, word, invented)),
    ("Call the function get_weather with city {} and unit {} and report the result", (word, invented)),
    ("Compare {} with {} and decide which of the two is the better choice for {}", (phrase, phrase, name)),
    ("请把下面这段话翻译成英文并且解释每一个难词：{}", (han,)),
    ("假设你是一位经验丰富的老师，请逐步推理并解答以下题目：{}。最后给出答案。", (han,)),
    ("根据评分标准给这篇作文打分：{}", (han,)),
    ("次の文章を要約して、重要な点を三つ挙げてください。{}", (kana,)),
    ("あなたは経験豊富なプログラマーです。{}についてのコードを書いて説明してください。", (kana,)),
    ("กรุณาแปลข้อความต่อไปนี้เป็นภาษาอังกฤษ {} และอธิบายคำศัพท์", (thai,)),
    ("Реши задачу шаг за шагом и объясни каждый вывод: {}", (cyrillic,)),
    ("Explica paso a paso cómo resolver el problema {} usando el método {}", (phrase, word)),
]  # fmt: skip

OPENINGS = ["please help me with", "can you help me", "how do I", "what is the best way to", "I need help with my", "explain",
            "write a", "why does", "tell me about", "could you please", "I am trying to", "give me some ideas for", "帮我", "请问",
            "what is the difference between", "write a python function that", "can you explain how to"]  # fmt: skip


def one_off(rng: random.Random) -> str:
    if rng.random() < 0.1:
        return rng.choice([han, kana, thai, cyrillic])(rng)
    body = sentence(rng) if rng.random() < 0.7 else f"{phrase(rng)} {rng.choice(FUNCTION)} {phrase(rng)}"
    return f"{rng.choice(OPENINGS)} {body}" if rng.random() < 0.6 else f"{phrase(rng)} {body}"


def synthetic(count: int, rng: random.Random) -> list[tuple[str, tuple[Filler, ...]]]:
    """Many more templates: fixed phrases of real words around one to three slots."""
    out = []
    for _ in range(count):
        slots = tuple(rng.choice([word, number, name, code, quote, phrase, passage]) for _ in range(rng.randint(1, 3)))
        parts = [" ".join(rng.choice(FUNCTION if rng.random() < 0.4 else CONTENT + VERBS) for _ in range(rng.randint(3, 9)))
                 for _ in range(len(slots) + 1)]  # fmt: skip
        out.append((" {} ".join(parts), slots))
    return out


def fill(template: tuple[str, tuple[Filler, ...]], rng: random.Random) -> str:
    parts = template[0].split("{}")
    return parts[0] + "".join(filler(rng) + part for filler, part in zip(template[1], parts[1:], strict=True))


def corpus(
    seed: int, *, copies: tuple[int, int] = (20, 50), one_offs: int = 500, more: int = 0, only: slice | None = None
) -> list[Row]:
    """Return (prompt, template or None) rows, shuffled. `more` synthetic templates are the same for every seed."""
    rng = random.Random(seed)
    templates = [*TEMPLATES, *synthetic(more, random.Random(7))][only or slice(None)]
    rows: list[Row] = [(fill(t, rng), t[0]) for t in templates for _ in range(rng.randint(*copies))]
    rows += [(one_off(rng), None) for _ in range(one_offs)]
    rng.shuffle(rows)
    return rows
