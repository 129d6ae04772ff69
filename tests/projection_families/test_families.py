# ruff: noqa: RUF001  # prompts in many languages; a seeded world, no cryptography
from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from paraphrases import world

import attribution.projection.families as families_module
from attribution.config import ProjectionConfig
from attribution.projection import family_of
from attribution.projection.families import Embedder, FamilyLinks, families, semantic_embedder
from attribution.projection.wordings import distinctive, habitual, likeness, plain


def of(patterns: list[str], **options: object) -> FamilyLinks:
    return families(patterns, [f"tpl-{i:05d}" for i in range(len(patterns))], **options)  # type: ignore[arg-type]


def pairs(labels: list[object]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())


def precision_recall(truth: list[int], found: tuple[str, ...]) -> tuple[float, float]:
    both = pairs(list(zip(truth, found, strict=True)))
    return both / max(pairs(list(found)), 1), both / max(pairs(list(truth)), 1)


@pytest.mark.parametrize(("count", "size", "unrelated"), [(10, 4, 200), (3, 40, 200), (20, 10, 600), (5, 5, 0)])
def test_paraphrases_become_families(count: int, size: int, unrelated: int) -> None:
    patterns, truth = world(count, size, unrelated, 1)
    precision, recall = precision_recall(truth, of(patterns).family)
    assert precision >= 0.95
    assert recall >= 0.7


@pytest.mark.parametrize("seed", range(4))
def test_unrelated_templates_are_hardly_linked(seed: int) -> None:
    patterns, _ = world(0, 0, 300, seed)
    assert of(patterns).validated.sum() <= 2


def test_p_values_of_unrelated_pairs_are_calibrated() -> None:
    patterns, truth = world(10, 5, 300, 3)
    links = of(patterns)
    kind = np.asarray(truth)
    apart = links.p_value[kind[links.source] != kind[links.target]]
    total = len(patterns) * (len(patterns) - 1) / 2
    for level in (0.001, 0.0001):
        assert (apart <= level).sum() <= 3 * level * total


def test_the_order_of_templates_does_not_matter() -> None:
    patterns, _ = world(5, 4, 60, 2)
    ids = [f"tpl-{i:05d}" for i in range(len(patterns))]
    turn = np.random.default_rng(0).permutation(len(ids))
    one = families(patterns, ids)
    other = families([patterns[i] for i in turn], [ids[i] for i in turn])
    assert dict(zip(one.ids, one.family, strict=True)) == dict(zip(other.ids, other.family, strict=True))

    def named(links: FamilyLinks) -> set[tuple[frozenset[str], float, float]]:
        rows = zip(links.source, links.target, links.similarity, links.p_value, strict=True)
        return {(frozenset((links.ids[a], links.ids[b])), float(s), float(p)) for a, b, s, p in rows}

    assert named(one) == named(other)


def test_chinese_paraphrases() -> None:
    same = [
        "请逐步推理并解答以下数学题目：{}",
        "以下数学题目请逐步推理再解答：{}",
        "请对以下数学题目逐步推理，解答：{}",
    ]
    other, _ = world(0, 0, 80, 5)
    links = of([*same, *other])
    assert len(set(links.family[:3])) == 1
    assert set(links.family[:3]).isdisjoint(links.family[3:])


@pytest.mark.parametrize("patterns", [[], ["{}"], ["{}", "{}"], ["", "a {}"], ["same words {}"] * 3])
def test_tiny_inputs(patterns: list[str]) -> None:
    links = of(patterns)
    assert len(links.family) == len(patterns)
    assert np.isfinite(links.similarity).all()


def test_without_the_embedder_the_result_says_what_is_weaker() -> None:
    assert "wording" in of(["one {}", "two {}"]).weaker


def model() -> Embedder:
    embed = semantic_embedder()
    assert embed is not None, "the tests need the extra 'semantic', which `make test` installs"
    return embed


IN_MANY_LANGUAGES = [
    "Solve the following maths problem step by step and give the final result: {}",
    "Löse die folgende Mathematikaufgabe Schritt für Schritt und gib das Endergebnis an: {}",
    "Résous le problème de mathématiques suivant étape par étape et donne le résultat final : {}",
    "Resuelve el siguiente problema de matemáticas paso a paso y da el resultado final: {}",
    "请逐步求解下面的数学题，并给出最终结果：{}",
    "次の数学の問題を段階的に解き、最終的な結果を示してください：{}",
    "Реши следующую математическую задачу шаг за шагом и дай окончательный результат: {}",
    "حل المسألة الرياضية التالية خطوة بخطوة واذكر النتيجة النهائية: {}",
]
ABOUT_THE_SAME = [
    "Grade the following solution of a maths problem from 1 to 10 and justify the score: {}",
    "Bewerte die folgende Lösung einer Mathematikaufgabe von 1 bis 10 und begründe die Note: {}",
    "请给下面这道数学题的解答打 1 到 10 分，并说明评分理由：{}",
]


def test_a_task_is_known_again_in_eight_languages() -> None:
    other, _ = world(0, 0, 150, 5)
    told = [*IN_MANY_LANGUAGES, *ABOUT_THE_SAME, *other]
    found = of(told, embedder=model())
    solve, grade, rest = found.family[:8], found.family[8:11], found.family[11:]
    assert max(Counter(solve).values()) >= 6
    assert set(solve).isdisjoint(grade), "the same subject is not the same task"
    assert set(solve).isdisjoint(rest)
    assert len(set(of(told).family[:8])) == 8, "wording alone knows none of them"


def test_a_meaning_that_most_templates_have_makes_no_two_alike() -> None:
    rng = np.random.default_rng(1)
    own = rng.normal(size=(400, 64))
    popular = own + 2.0 * rng.normal(size=64)
    unit = (popular / np.linalg.norm(popular, axis=1, keepdims=True)).astype(np.float32)
    assert np.median(unit @ unit.T) > 0.7
    rest = distinctive(unit)
    assert np.linalg.norm(rest, axis=1) == pytest.approx(1.0, abs=1e-5)
    alike = (rest @ rest.T)[np.triu_indices(400, 1)]
    assert abs(alike.mean()) < 0.1
    assert np.quantile(alike, 0.99) < 0.5
    few = distinctive(unit[:2])
    assert few[0] @ few[1] > 0.7, "two templates have no popular meaning"


def test_wording_is_silent_between_languages_only() -> None:
    other, _ = world(0, 0, 60, 5)
    told = [plain(text) for text in [*IN_MANY_LANGUAGES[:2], *ABOUT_THE_SAME[:2], *other]]
    vectors, words = np.ones((len(told), 1), np.float32), np.zeros(2)
    _, silent = likeness(words, vectors, habitual(told), np.array([[0, 1], [0, 2]]))
    assert silent.tolist() == [True, False]


def test_links_over_languages_are_judged_beside_others_over_languages() -> None:
    other, _ = world(0, 0, 150, 5)
    foreign = [
        "请写一首关于月亮的诗：{}",
        "这道菜要煮多久：{}",
        "请总结会议记录：{}",
        "公司的税怎么算：{}",
        "推荐一部电影：{}",
    ]
    links = of([*IN_MANY_LANGUAGES[:4], *foreign, *other], embedder=model())
    joined = list(zip(links.source[links.validated].tolist(), links.target[links.validated].tolist(), strict=True))
    assert any(a < 4 and b < 4 for a, b in joined)
    assert not [pair for pair in joined if (pair[0] < 4) != (pair[1] < 4)]


def test_meaning_helps_where_words_differ() -> None:
    embed = model()
    patterns, truth = world(3, 12, 150, 4)
    links = of(patterns, embedder=embed)
    assert links.weaker == ""
    precision, recall = precision_recall(truth, links.family)
    assert precision >= 0.95
    assert recall >= 0.7


def table(patterns: list[str]) -> pa.Table:
    ids = [f"tpl-{i:05d}" for i in range(len(patterns))]
    return pa.table({"template_id": ids, "pattern": patterns, "prompts": [10] * len(patterns)})


def test_the_run_sorts_mined_templates_into_families() -> None:
    patterns, truth = world(10, 4, 200, 1)
    config = ProjectionConfig(semantic=False)
    found = family_of(table(patterns), config)
    assert found.of is not None
    assert "wording" in found.weaker
    names = tuple(found.of.get(f"tpl-{i:05d}", f"alone {i}") for i in range(len(patterns)))
    precision, recall = precision_recall(truth, names)
    assert precision >= 0.95
    assert recall >= 0.7
    assert min(Counter(found.of.values()).values()) >= 2, "a template alone has no family: it is a facet of its own"
    shuffled = table(patterns).take(np.random.default_rng(0).permutation(len(patterns)))
    assert family_of(shuffled, config).of == found.of


def test_logs_with_their_own_template_ids_have_no_families() -> None:
    assert family_of(table([]), ProjectionConfig()).of is None
    assert family_of(table([]), ProjectionConfig()).weaker == ""


def test_only_the_templates_with_the_most_prompts_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families_module, "MOST", 100)
    patterns, _ = world(5, 20, 20, 1)
    rows = table(patterns).set_column(2, "prompts", pa.array(range(120)))
    found = family_of(rows, ProjectionConfig(semantic=False)).of
    assert found
    assert min(found) >= "tpl-00020", "the twenty with the fewest prompts are left out"
