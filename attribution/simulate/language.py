# ruff: noqa: E501, SIM905, RUF001, ISC004  # word lists: wrapped text that is split, in several scripts
"""Words, names, code and passages, and the one-off prompts of people: many topics, lengths and languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANGUAGES = ("en", "es", "de", "zh", "ja", "ru")

_GLUE = {
    "en": "the a of to in and is for my it with that on this can you how what i do not be if from why are we have at by "
    "but or so please which when there need into about get make more than then them should would like just also any".split(),
    "es": "el la de que en y a los se del las por un para con no una su al lo como más pero sus le ya o este sí porque cuando".split(),
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass wie".split(),
    "zh": list("的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面"),
    "ja": "は が を に の で と も から まで です ます した する こと もの それ これ どう なぜ ください 教えて たい ない ある いる よう ため".split(),
    "ru": "и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой так же от год как для".split(),
}  # fmt: skip

_TOPICS = {
    "en": (
        "python list function error loop class import async thread json parse regex docker server query index cache branch merge "
        "commit deploy test variable pointer array string exception module request response header token schema migration log",
        "chicken rice garlic oven sauce bread flour butter onion recipe dinner lunch spicy soup salad bake boil minutes pan cheese "
        "vegetarian leftovers freezer tomato basil lemon sugar cake dough yeast knife",
        "contract tenant landlord clause court visa passport tax deduction income invoice salary pension insurance claim refund "
        "mortgage loan interest bank deadline letter notice appeal employer",
        "trip flight hotel train museum beach island mountain hike weather luggage city weekend budget itinerary ferry camping "
        "border airport family kids summer winter route car rental",
        "essay paragraph thesis novel chapter character plot poem rhyme metaphor author theme summary conclusion draft tone edit "
        "grammar sentence title reader story dialogue scene",
        "cell protein enzyme energy force mass velocity reaction acid orbit planet gene neuron vaccine virus sample experiment "
        "equation integral matrix proof probability variance regression graph theorem",
        "knee pain sleep diet workout muscle protein doctor symptom headache vitamin allergy stress anxiety running yoga weight "
        "calories breakfast habit therapy blood pressure dose",
        "dog cat puppy garden tomato soil lawn paint wall drill sink leak heater battery bike tire engine noise filter screw wood "
        "shelf lamp window curtain kitchen",
        "game level boss quest guitar chord song album movie actor series season football league goal match coach player stream "
        "camera lens photo video edit festival ticket",
        "client meeting strategy roadmap quarter revenue market customer churn pricing campaign slide pitch investor hiring team "
        "manager review feedback email proposal budget report stakeholder",
    ),
    "es": ("casa trabajo tiempo vida familia comida receta viaje ciudad coche dinero escuela examen carta libro película música perro gato "
           "jardín médico dolor código error función datos tabla cliente ventas plan",),
    "de": ("Haus Arbeit Zeit Leben Familie Essen Rezept Reise Stadt Auto Geld Schule Prüfung Brief Buch Film Musik Hund Katze Garten Arzt "
           "Schmerz Fehler Funktion Daten Tabelle Kunde Vertrag Miete Steuer",),
    "zh": ("问题 代码 函数 错误 数据 表格 学习 考试 作业 论文 翻译 英语 工作 简历 面试 公司 客户 合同 旅行 酒店 机票 天气 孩子 父母 医生 睡眠 "
           "减肥 菜谱 鸡肉 米饭 电影 音乐 游戏 手机 电脑 软件 价格 计划 报告 会议",),
    "ja": ("質問 コード 関数 エラー データ 表 勉強 試験 宿題 論文 翻訳 英語 仕事 履歴書 面接 会社 顧客 契約 旅行 ホテル 天気 子供 医者 睡眠 料理 "
           "映画 音楽 ゲーム 電話 価格 計画 報告 会議",),
    "ru": ("дом работа время жизнь семья еда рецепт поездка город машина деньги школа экзамен письмо книга фильм музыка собака кошка врач "
           "боль код ошибка функция данные таблица клиент договор налог",),
}  # fmt: skip

GLUE, TOPICAL = 0.45, 0.47
"""Shares of glue words and of topic words in a text; the rest is rare words."""
COMMA, STOP, QUESTION, NAMES = 0.07, 0.1, 0.3, 0.06
"""Commas, stops and names a word of somebody who writes with all care; share of those prompts that end as a question."""
CARELESS = 0.2
"""Share of people who type without a mark or a capital."""
MARKS, WIDE_MARKS = ("", ",", ".", "?"), ("", ",", "。", "?")
_SYLLABLES = "ba be bo da de do fa fi ga go ka ke ki la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se si so ta te ti to va ve vi".split()


def made_up(rng: np.random.Generator, count: int, parts: tuple[int, int] = (2, 4)) -> list[str]:
    """Return distinct words that mean nothing, for names, brands and identifiers."""
    found: dict[str, None] = {}
    while len(found) < count:
        length = int(rng.integers(parts[0], parts[1]))
        found["".join(_SYLLABLES[i] for i in rng.integers(0, len(_SYLLABLES), length))] = None
        if len(found) > 0.8 * len(_SYLLABLES) ** parts[0]:
            parts = (parts[0], parts[1] + 1)
    return list(found)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All strings that prompts are built from.

    Attributes
    ----------
    slots : string array; slot kind `k` is filled from `slots[start[k]:start[k] + size[k]]`.
    tokens : string array of words for one-off prompts; `glue` and `topic` hold (start, size) by language and topic.
    """

    slots: pa.StringArray
    start: NDArray[np.int64]
    size: NDArray[np.int64]
    tokens: pa.StringArray
    glue: NDArray[np.int64]
    topic: NDArray[np.int64]


MATERIAL = 25_000
"""Questions and passages that prompts are filled with, of each."""
SLOT_KINDS = ("word", "number", "name", "code", "question", "passage", "none")


def lexicon(rng: np.random.Generator) -> Lexicon:
    """Build the lexicon of a world."""
    names = made_up(rng, 3000, (2, 4))
    rare = made_up(rng, 4000, (3, 5))
    english = sorted({word for topic in _TOPICS["en"] for word in topic.split()})
    tokens: list[str] = []
    glue, topic = [], []
    for number, language in enumerate(LANGUAGES):
        glue.append((len(tokens), len(_GLUE[language])))
        tokens += _GLUE[language]
        for text in _TOPICS[language]:
            listed = text.split()
            topic.append((number, len(tokens), len(listed)))
            tokens += listed
    topic.append((-1, len(tokens), len(rare)))
    tokens += rare
    words = Lexicon(
        slots=pa.array([], pa.string()),
        start=np.zeros(0, dtype=np.int64),
        size=np.zeros(0, dtype=np.int64),
        tokens=pa.array(tokens),
        glue=np.array(glue, dtype=np.int64),
        topic=np.array(topic, dtype=np.int64),
    )
    in_english = np.zeros(MATERIAL, dtype=np.int64)
    questions = one_off(rng, words, in_english, rng.integers(6, 18, MATERIAL))
    passages = one_off(rng, words, in_english, rng.integers(12, 45, MATERIAL))
    by_kind: dict[str, pa.StringArray] = {
        "word": pa.array([*english, *rare[:1500]]),
        "number": pa.array([str(value) for value in range(2, 9000)]),
        "name": pa.array([name.title() for name in names]),
        "code": pa.array([_code(rng, rare, english) for _ in range(6000)]),
        "question": pc.binary_join_element_wise(pc.utf8_capitalize(questions), "?", ""),
        "passage": pc.binary_join_element_wise(pc.utf8_capitalize(passages), ".", ""),
        "none": pa.array([""]),
    }
    sizes = np.array([len(by_kind[kind]) for kind in SLOT_KINDS], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return replace(words, slots=pa.concat_arrays([by_kind[kind] for kind in SLOT_KINDS]), start=starts, size=sizes)


def _code(rng: np.random.Generator, rare: list[str], english: list[str]) -> str:
    a, b, c = (rare[int(i)] for i in rng.integers(0, len(rare), 3))
    x, y = (english[int(i)] for i in rng.integers(0, len(english), 2))
    n = int(rng.integers(2, 999))
    return (
        f"def {a}_{x}({b}): return {b}[{n}] + {y}",
        f"for ({x} = 0; {x} < {n}; {x}++) {{ {a}.{b}({x}); }}",
        f"select {x}, {y} from {a} where {b} > {n} order by {c}",
        f"if {a}.{x} is None: raise {b.title()}Error('{y} {n}')",
        f"const {a} = await {b}.{y}({{ {x}: {n} }})",
    )[int(rng.integers(0, 5))]


def punctuation(u: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how carefully people punctuate, from 0 to 1, for uniform numbers: habits differ, and many have none."""
    return np.asarray(np.clip((u - CARELESS) / (1.0 - CARELESS), 0.0, 1.0) ** 0.5, dtype=np.float64)


def one_off(
    rng: np.random.Generator,
    words: Lexicon,
    language: NDArray[np.integer],
    length: NDArray[np.integer],
    care: NDArray[np.floating] | None = None,
) -> pa.StringArray:
    """Write one-off prompts: for each, a language (position in `LANGUAGES`) and a length in words.

    Glue words follow a heavy tail, content words come from one topic a prompt, and one word in fourteen is rare:
    two prompts of ten words are practically never the same. `care` says how carefully each is punctuated, from 0 (no
    marks, no capitals; so are all without it) to 1; it changes no word.
    """
    count = len(length)
    starts = np.concatenate([[0], np.cumsum(length)]).astype(np.int32)
    total = int(starts[-1])
    topics = np.empty(count, dtype=np.int64)
    for number in range(len(LANGUAGES)):
        where = np.flatnonzero(language == number)
        known = np.flatnonzero(words.topic[:, 0] == number)
        topics[where] = known[rng.integers(0, len(known), len(where))]
    of = np.repeat(np.arange(count, dtype=np.int32), length)
    kind = rng.random(total, dtype=np.float32)
    u = rng.random(total, dtype=np.float32)
    glue = words.glue[np.asarray(language, dtype=np.int64)]
    is_glue = kind < GLUE
    is_rare = kind > GLUE + TOPICAL
    base = np.where(is_glue, glue[of, 0], words.topic[topics, 1][of])
    size = np.where(is_glue, glue[of, 1], words.topic[topics, 2][of])
    base[is_rare], size[is_rare] = words.topic[-1, 1], words.topic[-1, 2]
    place = np.where(is_glue, u * u, u)
    chosen = (base + (place * size).astype(np.int64)).astype(np.int32)
    close = np.isin(language, [LANGUAGES.index("zh"), LANGUAGES.index("ja")])
    tokens = (
        words.tokens.take(pa.array(chosen)) if care is None else _punctuated(rng, words, chosen, starts, care, close)
    )
    listed = pa.ListArray.from_arrays(pa.array(starts), tokens)
    separator = pa.array(["", " "]).take(pa.array((~close).astype(np.int8)))
    return pc.binary_join(listed, separator)


def _punctuated(
    rng: np.random.Generator,
    words: Lexicon,
    chosen: NDArray[np.int32],
    starts: NDArray[np.int32],
    care: NDArray[np.floating],
    close: NDArray[np.bool_],
) -> pa.StringArray:
    """Return the chosen tokens with commas, stops and capitals, as often as each prompt's author cares for them."""
    length = np.diff(starts)
    written = np.repeat(care.astype(np.float32), length)
    u = rng.random(len(chosen), dtype=np.float32)
    mark = np.where(u < COMMA * written, 1, np.where(u < (COMMA + STOP) * written, 2, 0)).astype(np.int8)
    last = starts[1:][length > 0] - 1
    mark[last] = np.where(u[last] < written[last], 2 + (u[last] < QUESTION * written[last]), 0)
    opens = np.concatenate([[False], mark[:-1] >= 2]) if len(chosen) else np.zeros(0, dtype=bool)
    first = starts[:-1][length > 0]
    opens[first] = rng.random(len(first), dtype=np.float32) < written[first]
    named = np.where(chosen >= words.topic[-1, 1], 1.0, NAMES).astype(np.float32)  # rare words are mostly names
    opens |= rng.random(len(chosen), dtype=np.float32) < named * written
    forms = pa.concat_arrays([words.tokens, pc.utf8_capitalize(words.tokens)])
    tokens = forms.take(pa.array(chosen + opens.astype(np.int32) * np.int32(len(words.tokens))))
    marks = pa.array([*MARKS, *WIDE_MARKS]).take(pa.array(mark + np.int8(len(MARKS)) * np.repeat(close, length)))
    return pc.binary_join_element_wise(tokens, marks, "")
