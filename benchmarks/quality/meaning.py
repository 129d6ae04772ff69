"""How well the semantic extra knows what a template asks for, in eight languages and over languages.

    python benchmarks/quality/meaning.py

Two tables. The first scores every pair of `meaning_texts` by the model alone and gives the area under the ROC curve of
"the same task" against other tasks: all of them, and those on the same subject (hard). The second sorts the texts, and
paraphrases from the simulator, into families among 600 unrelated templates, without and with the extra: the share of
pairs in one family that ask for the same (P), and of pairs that ask for the same that are in one family (R).
"""

from __future__ import annotations

import re
import sys

import numpy as np
from meaning_texts import TASKS

from attribution.projection.families import families
from attribution.projection.wordings import distinctive, plain, semantic_embedder
from attribution.simulate.audit import area
from attribution.simulate.draws import generator
from attribution.simulate.language import made_up
from attribution.simulate.templates import Concepts, Writer
from attribution.simulate.wording import PURPOSES

REWORDED = ("chain_of_thought", "rubric_grading", "agentic_coding", "general", "tool_use", "roleplay")
LANGUAGES = tuple(next(iter(TASKS.values())))


def texts() -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return the templates, and for each the number of its task, its subject and its language."""
    rows = [
        (text, number, subject, language)
        for number, ((subject, _), by_language) in enumerate(TASKS.items())
        for language, wordings in by_language.items()
        for text in wordings
    ]
    text, task, subject, language = zip(*rows, strict=True)
    return list(text), np.array(task), np.array(subject), np.array(language)


def recognition() -> list[str]:
    """Write how well the model alone tells the same task from another one."""
    embed = semantic_embedder()
    if embed is None:
        sys.exit("the extra 'semantic' is not installed")
    text, task, subject, language = texts()
    vectors = distinctive(embed([plain(one) for one in text])).astype(float)
    a, b = np.triu_indices(len(text), 1)
    score = np.einsum("ij,ij->i", vectors[a], vectors[b])
    same, related, near = task[a] == task[b], subject[a] == subject[b], language[a] == language[b]
    lines = ["| pairs | AUC | AUC, same subject |", "|---|---|---|"]
    chosen = [(one, near & (language[a] == one)) for one in LANGUAGES]
    for name, some in (*chosen, ("one language", near), ("two languages", ~near)):
        hard = some & (same | related)
        lines.append(f"| {name} | {area(score[some], same[some]):.3f} | {area(score[hard], same[hard]):.3f} |")
    return lines


def simulated(seed: int, concepts: int, wordings: int, unrelated: int) -> tuple[list[str], np.ndarray]:
    """Return paraphrases of some templates, then unrelated ones, as the simulator writes them, and what each asks."""
    known = Concepts()
    brands = [name.title() for name in made_up(generator(seed, "brands"), 1500, (2, 4))]
    writer = Writer(seed, known, brands)
    wanted: list[tuple[int, int]] = []
    for number in range(concepts):
        concept = known.add(REWORDED[number % len(REWORDED)])
        wanted += [(concept, 1 + number * wordings + variant) for variant in range(wordings)]
    drawn = np.random.default_rng(seed).integers(0, len(PURPOSES), unrelated)
    wanted += [(known.add(PURPOSES[int(one)]), 0) for one in drawn]
    told = [re.sub(r"\{\w+\}", "{}", writer.write(concept, variant)) for concept, variant in wanted]
    return told, np.array([known.purpose[concept] for concept, _ in wanted])


def grouping() -> list[str]:
    """Write how well families hold together what asks for the same, without and with the extra."""
    lines = ["| templates | extra | P | R | R over languages |", "|---|---|---|---|---|"]
    others, _ = simulated(5, 0, 1, 600)
    text, task, _, language = texts()
    reworded, purpose = simulated(1, 30, 10, 600)
    for name, told, truth, spoken in (
        ("eight languages", text + others, task, language),
        (
            "the simulator's",
            reworded,
            purpose[:300],
            np.array(["zh" if re.search("[一-鿿]", t) else "" for t in reworded]),
        ),
    ):
        for extra in (False, True):
            embed = semantic_embedder() if extra else None
            family = np.array(families(told, [f"t{n:05d}" for n in range(len(told))], embedder=embed).family)[
                : len(truth)
            ]
            a, b = np.triu_indices(len(truth), 1)
            joined, same, over = family[a] == family[b], truth[a] == truth[b], spoken[a] != spoken[b]
            precision = f"{(joined & same).sum() / joined.sum():.3f}" if joined.any() else "-"
            recall, wide = (joined & same).sum() / same.sum(), (joined & same & over).sum() / (same & over).sum()
            lines.append(f"| {name} | {'yes' if extra else 'no'} | {precision} | {recall:.3f} | {wide:.3f} |")
    return lines


def main() -> None:
    """Print both tables."""
    for part in (recognition(), grouping()):
        print(*part, "", sep="\n")


if __name__ == "__main__":
    main()
