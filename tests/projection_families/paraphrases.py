# ruff: noqa: E501, S311  # prompts in many languages; a seeded world, no cryptography
"""Paraphrased templates with a known truth: synonyms, other order, other frame."""

from __future__ import annotations

import random

SYNONYMS = [["explain", "describe", "clarify", "lay out"], ["answer", "reply", "response"], ["write", "compose", "draft", "produce"],
            ["text", "passage", "paragraph"], ["careful", "thorough", "meticulous"], ["mistake", "error", "flaw"],
            ["short", "brief", "concise"], ["question", "query", "problem"], ["important", "crucial", "key"],
            ["show", "present", "display"], ["list", "enumerate"], ["before", "prior to"], ["final", "concluding"], ["student", "learner", "pupil"]]  # fmt: skip
SUBJECTS = [
    "thermodynamics",
    "violin",
    "sonnet",
    "database",
    "kernel",
    "tariff",
    "glacier",
    "enzyme",
    "sculpture",
    "treaty",
    "orbit",
    "vaccine",
    "pension",
    "turbine",
    "dialect",
    "mortgage",
    "neuron",
    "cathedral",
    "pigment",
    "lattice",
    "irrigation",
    "verdict",
    "harvest",
    "lighthouse",
    "polymer",
    "refugee",
    "compiler",
    "chord",
    "monsoon",
    "ledger",
    "aquifer",
    "ballot",
    "catalyst",
    "dividend",
    "embargo",
    "fresco",
    "gradient",
    "hormone",
    "inflation",
    "jury",
    "kiln",
    "lagoon",
    "mosaic",
    "nebula",
    "orchard",
    "parliament",
    "quarry",
    "reactor",
    "satellite",
    "tapestry",
    "uranium",
    "volcano",
    "warrant",
    "yeast",
    "zoning",
    "amplifier",
    "bacteria",
    "census",
    "dynasty",
    "election",
]
PREFIXES = ["", "micro", "neo", "proto", "bio", "geo", "hydro", "macro"]
FRAMES = ["{a}, {b}", "{b}; {a}", "please {a} and {b}", "{a}. then {b}", "i want you to {b}, and {a}"]
CLAUSES = [
    "explain the important {x} question about {y} {{}}", "write a short {x} text for {{}} on {y}", "list every {x} mistake in {{}}",
    "show how {x} changes {y} when {{}}", "estimate {x} and {y} for {{}}", "criticise {{}} as a {x} student would",
    "reconstruct the {x} from {{}} without {y}", "imagine {{}} as a {x} facing {y}", "rank {{}} by {x}", "translate {{}} for {x} experts",
    "give the final {x} answer {{}}", "compare {x} with {y} using {{}}", "derive {x} of {{}}", "debate whether {x} needs {y} given {{}}",
    "sort the {x} entries of {{}}", "predict when {x} meets {{}}",
]  # fmt: skip


def base(rng: random.Random) -> tuple[str, str]:
    words = [rng.choice(PREFIXES) + word for word in rng.sample(SUBJECTS, 4)]
    one, two = rng.sample(CLAUSES, 2)
    return one.format(x=words[0], y=words[1]), two.format(x=words[2], y=words[3])


def reword(text: str, rng: random.Random) -> str:
    for group in SYNONYMS:
        for word in group:
            if f"{word} " in text and rng.random() < 0.7:
                text = text.replace(f"{word} ", f"{rng.choice(group)} ")
                break
    return text


def world(families: int, size: int, unrelated: int, seed: int) -> tuple[list[str], list[int]]:
    """Return patterns and the number of the family of each (unrelated ones have a number of their own), shuffled."""
    rng = random.Random(seed)
    rows = []
    for number in range(families):
        a, b = base(rng)
        rows += [(rng.choice(FRAMES).format(a=reword(a, rng), b=reword(b, rng)), number) for _ in range(size)]
    for number in range(unrelated):
        a, b = base(rng)
        rows.append((rng.choice(FRAMES).format(a=a, b=b), families + number))
    rng.shuffle(rows)
    return [row[0] for row in rows], [row[1] for row in rows]
