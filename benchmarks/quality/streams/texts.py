"""Streams of real text, read from installed packages and Unicode's names, as tagging and sorting texts yield them.

Tokens (entities, roles, prepositions, signs): a row is a word's own letters and its neighbours', some 25 to 45 names.
Documents: a row is a bag of words, 1, a count or a tf-idf each. Names: a row is the letters of a name, or its parts.
Hundreds to tens of thousands of features are seen once, and none is there in most rows.
"""

from __future__ import annotations

import ast
import builtins
import importlib.metadata
import io
import keyword
import math
import random
import re
import tokenize
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, pairwise

from benchmarks.quality.streams.installed import (
    WORD,
    distribution,
    docstrings,
    folder,
    missing,
    paragraphs,
    sources,
    words,
)
from benchmarks.quality.streams.kept import file, kept
from benchmarks.quality.streams.stream import Row, Stream

Packages = tuple[str, ...]
CONSTANTS = {"None", "True", "False", "inf", "nan", "NaN", "NA"}
TYPES = {"int", "float", "bool", "str", "array", "ndarray", "list", "tuple", "dict", "array_like"}
TYPES |= {"Series", "DataFrame", "Index"}
PREPOSITIONS = {"of", "to", "in", "for", "with", "from", "by", "on", "as", "at"}
SIGNS = {sign: sign for sign in ",.:`()"}


def shuffled(items: Iterable, seed: int) -> list:
    items = list(items)
    random.Random(seed).shuffle(items)
    return items


def commonest(rows: list, C: int) -> list:
    """The rows of the C commonest labels."""
    labels = {y for y, _ in Counter(y for _, y in rows).most_common(C)}
    return [(x, y) for x, y in rows if y in labels]


# Tokens


def shape(word: str) -> str:
    return re.sub(r"[A-Z]+", "A", re.sub(r"[a-z]+", "a", re.sub(r"\d+", "9", word)))[:6]


def token(text: Sequence[str], i: int, reach: int = 2, own: bool = True) -> dict[str, float]:
    """The words at most `reach` from place i: each as it is, in lower case, its first and last letters, its shape."""
    names = []
    for d in range(-reach, reach + 1):
        if d == 0 and not own:
            continue
        if not 0 <= i + d < len(text):
            names.append(f"w_{d}={'<s>' if d < 0 else '</s>'}")
            continue
        word = text[i + d]
        low = word.lower()
        names += [f"w_{d}={word}", f"l_{d}={low}"]
        for k in range(1, min(3, len(word)) + 1):
            names += [f"pre{k}_{d}={low[:k]}", f"suf{k}_{d}={low[-k:]}"]
        if (form := shape(word)) != "a":
            names.append(f"c_{d}={form}")
    return dict.fromkeys(names, 1.0)


def prose(packages: Packages, seed: int) -> Iterator[tuple[str, set[str]]]:
    """The paragraphs of docstrings, without examples and headings, and the parameters of what each is about."""
    for each in shuffled((doc for package in packages for doc in docstrings(package)), seed):
        for paragraph in paragraphs(each.text):
            if ">>>" not in paragraph and not ("----" in paragraph and len(paragraph) < 40):
                yield paragraph, set(each.parameters)


@cache
def defined(packages: Packages) -> dict[str, str]:
    """What the names in these packages' sources stand for: a module, a class or a function."""
    kinds: dict[str, str] = {}
    for package in packages:
        for path, _, tree in sources(package):
            for part in path.removesuffix(".py").split("/"):
                if len(part) > 3:
                    kinds.setdefault(part, "MODULE")
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and len(node.name) > 3:
                    kinds[node.name] = "CLASS"
                elif isinstance(node, ast.FunctionDef) and "_" in node.name[1:]:
                    kinds.setdefault(node.name, "FUNC")
    return kinds


def entities(packages: Packages, seed: int) -> Iterator[Row]:
    """Whether a word of a docstring names a parameter, constant, type, number, module, class, function, or nothing."""
    kinds = defined(packages)
    for paragraph, parameters in prose(packages, seed):
        text = WORD.findall(paragraph)
        for i, word in enumerate(text):
            if word in parameters:
                y = "PARAM"
            elif word in CONSTANTS:
                y = "CONST"
            elif word in TYPES:
                y = "TYPE"
            else:
                y = "NUM" if word[0].isdigit() else kinds.get(word, "O")
            yield token(text, i), y


def owners(packages: Packages, seed: int) -> Iterator[Row]:
    """Whether a word of a docstring names a class or a function, and of which package; texts that name enough."""
    kinds: dict[str, str] = {}
    for package in packages:
        for name, kind in defined((package,)).items():
            if kind != "MODULE":
                kinds.setdefault(name, f"{kind}-{package}")
    for paragraph, _ in prose(packages, seed):
        text = WORD.findall(paragraph)
        if 12 * sum(word in kinds for word in text) >= len(text):
            yield from ((token(text, i), kinds.get(word, "O")) for i, word in enumerate(text))


def prepositions(packages: Packages, seed: int) -> Iterator[Row]:
    """Which preposition stands between these words."""
    for paragraph, _ in prose(packages, seed):
        text = WORD.findall(paragraph)
        yield from ((token(text, i, 3, own=False), word) for i, word in enumerate(text) if word in PREPOSITIONS)


def signs(packages: Packages, seed: int) -> Iterator[Row]:
    """Which sign follows a word."""
    for paragraph, _ in prose(packages, seed):
        found = list(WORD.finditer(paragraph))
        text = [match.group() for match in found]
        for i, match in enumerate(found):
            after = paragraph[match.end() : match.end() + 1]
            before = {f"p2={text[i - 2]}": 1.0} if i > 1 else {}
            yield token(text, i, 1) | before, SIGNS.get(after, "none" if after.isspace() else "other")


def roles(packages: Packages, seed: int) -> Iterator[Row]:
    """What a name in a program is, from the names around it, without the signs between."""
    for _, source, tree in shuffled((each for package in packages for each in sources(package)), seed):
        role: dict[tuple[int, int], str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                role.setdefault((node.lineno, node.col_offset), "store" if isinstance(node.ctx, ast.Store) else "load")
            elif isinstance(node, ast.arg):
                role[node.lineno, node.col_offset] = "param"
            elif isinstance(node, ast.keyword) and node.arg:
                role[node.lineno, node.col_offset] = "kwarg"
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                role[node.func.lineno, node.func.col_offset] = "call"
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        except (tokenize.TokenError, IndentationError):
            continue
        tokens = [each for each in tokens if each.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP)]
        earlier = ["", *(each.string for each in tokens)]
        names = [(each, before) for each, before in zip(tokens, earlier, strict=False) if each.type != tokenize.OP]
        text = [each.string for each, _ in names]
        for i, (each, before) in enumerate(names):
            if each.type == tokenize.NUMBER:
                yield token(text, i), "number"
            elif not keyword.iskeyword(each.string):
                named = {"def": "def", "class": "class", ".": "attribute"}.get(before)
                yield token(text, i), named or role.get(each.start, "other")


# Documents


def bag(text: str) -> dict[str, float]:
    return dict.fromkeys(words(text), 1.0)


def counts(text: str) -> dict[str, float]:
    return {word: float(count) for word, count in Counter(words(text)).items()}


def bags(rows: Iterable[tuple[str, str]]) -> list[Row]:
    return [(bag(text), y) for text, y in rows]


def counted(rows: Iterable[tuple[str, str]]) -> list[Row]:
    return [(counts(text), y) for text, y in rows]


def tf_idf(rows: list[tuple[str, str]]) -> list[Row]:
    """(1 + ln tf) ln(n / df), every row at length 1."""
    tf = [Counter(words(text)) for text, _ in rows]
    df = Counter(word for each in tf for word in each)
    weighed = []
    for each, (_, y) in zip(tf, rows, strict=True):
        v = {
            word: (1 + math.log(k)) * math.log(len(rows) / df[word]) for word, k in each.items() if df[word] < len(rows)
        }
        if norm := math.sqrt(sum(u * u for u in v.values())):
            weighed.append(({word: u / norm for word, u in v.items()}, y))
    return weighed


def by_package(packages: Packages, seed: int, n: int) -> list[tuple[str, str]]:
    """Docstrings, and which package each is from."""
    return shuffled(((doc.text, package) for package in packages for doc in docstrings(package)), seed)[:n]


def parts_by_package(packages: Packages, seed: int, n: int) -> list[tuple[str, str]]:
    """Paragraphs of a dozen words and more, and which package each is from."""
    texts = ((part, package) for package in packages for doc in docstrings(package) for part in paragraphs(doc.text))
    return shuffled(((part, package) for part, package in texts if len(words(part)) >= 12), seed)[:n]


def by_module(packages: Packages, seed: int, n: int, C: int) -> list[tuple[str, str]]:
    """Docstrings, and which module each is from, among the C that have most."""
    docs = (doc for package in packages for doc in docstrings(package))
    rows = [(doc.text, "/".join(doc.path.split("/")[:2]).removesuffix(".py")) for doc in docs]
    return shuffled(commonest(rows, C), seed)[:n]


def kinds(packages: Packages, seed: int) -> list[Row]:
    """Docstrings, and whether each is a class's, a method's or a function's."""
    return shuffled(bags((doc.text, doc.kind) for package in packages for doc in docstrings(package)), seed)


def rare(rows: list[tuple[str, str]]) -> list[Row]:
    """Texts as words and pairs of words without the hundred commonest: most are seen once or twice."""
    split = [(words(text), y) for text, y in rows]
    common = {word for word, _ in Counter(word for text, _ in split for word in text).most_common(100)}
    rows = []
    for text, y in split:
        left = [word for word in text if word not in common and len(word) > 2 and not word[0].isdigit()][:60]
        rows.append((" ".join([*left, *(f"{a}_{b}" for a, b in pairwise(left))]), y))
    return tf_idf(rows)


def messages(packages: Packages, seed: int) -> list[Row]:
    """The texts of exceptions, and which exception each is of."""
    rows = []
    for package in packages:
        for _, _, tree in sources(package):
            for node in ast.walk(tree):
                if not (
                    isinstance(node, ast.Raise)
                    and isinstance(node.exc, ast.Call)
                    and isinstance(node.exc.func, ast.Name)
                ):
                    continue
                parts = (
                    part for argument in node.exc.args for part in ast.walk(argument) if isinstance(part, ast.Constant)
                )
                text = " ".join(part.value for part in parts if isinstance(part.value, str))
                if len(words(text)) >= 2:
                    rows.append((bag(text), node.exc.func.id))
    return shuffled(commonest(rows, 8), seed)


def code_lines(packages: Packages, seed: int) -> list[Row]:
    """The words of a line of a program and their pairs, and which package it is from."""
    rows = []
    for package in packages:
        for source in sources(package):
            for line in source.text.splitlines():
                found = WORD.findall(line)
                if len(found) >= 5:
                    names = [*found, *(f"{a}+{b}" for a, b in pairwise(found))]
                    rows.append((dict.fromkeys(names, 1.0), package))
    return shuffled(rows, seed)


# Names


def grams(name: str, most: int) -> dict[str, float]:
    """All pieces of a name of at most so many letters, its ends marked."""
    marked = f"^{name}$"
    pieces = (marked[i : i + k] for k in range(1, most + 1) for i in range(len(marked) - k + 1))
    return dict.fromkeys(pieces, 1.0)


def identifiers(packages: Packages, seed: int) -> list[Row]:
    """Whether an identifier was first a class, function, parameter, attribute or variable, from its letters."""
    found: dict[str, str] = {}
    for package in packages:
        for _, _, tree in sources(package):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    found[node.name] = "class"
                elif isinstance(node, ast.FunctionDef):
                    found.setdefault(node.name, "function")
                elif isinstance(node, ast.arg):
                    found.setdefault(node.arg, "parameter")
                elif isinstance(node, ast.Attribute):
                    found.setdefault(node.attr, "attribute")
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.setdefault(node.id, "variable")
    return shuffled(((grams(name, 4), y) for name, y in sorted(found.items()) if not hasattr(builtins, name)), seed)


def characters(seed: int, C: int = 12) -> list[Row]:
    """The category of a character, from the words of its name."""
    rows = []
    for character in map(chr, range(32, 0x2FFFF)):
        name = unicodedata.name(character, "")
        if name and "IDEOGRAPH" not in name and "HANGUL SYLLABLE" not in name:
            names = [*re.split(r"[ -]", name), *(f"at{i}={word}" for i, word in enumerate(name.split()[:4]))]
            rows.append((dict.fromkeys(names, 1.0), unicodedata.category(character)))
    return shuffled(commonest(rows, C), seed)


def languages(seed: int, C: int = 16) -> list[Row]:
    """The language that a built-in function is of, from the letters of its name: Pygments' lists, at most 600 each."""
    named = []
    for path in sorted((folder("pygments") / "lexers").glob("_*_builtins.py")):
        language = path.stem.strip("_").removesuffix("_builtins")
        texts = (
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        )
        names = {name for text in texts if isinstance(text, str) for name in text.split() if 3 <= len(name) <= 40}
        named += [(name, language) for name in sorted(names)]
    rows, sizes = [], Counter()
    for name, language in shuffled(named, seed + 1):
        sizes[language] += 1
        if sizes[language] <= 600:
            rows.append((name, language))
    return shuffled(((grams(name, 3), y) for name, y in commonest(rows, C)), seed)


def paths(packages: Packages, seed: int) -> list[Row]:
    """The type of a file, from its folders, and the words and last letters of its name."""
    rows = []
    for package in packages:
        for path in sorted(map(str, importlib.metadata.files(distribution(package)) or [])):
            stem, dot, ending = path.rpartition(".")
            if not dot or "/" not in path or ending == "pyc":
                continue
            *folders, name = stem.split("/")
            names = [f"d{i}={part}" for i, part in enumerate(folders)] + [f"in={part}" for part in folders]
            names += [f"n={word.lower()}" for word in re.findall(r"[A-Z]?[a-z]+|\d+|[A-Z]+", name)]
            names += [f"g={gram}" for gram in grams(name[-6:], 3)]
            rows.append((dict.fromkeys(names, 1.0), ending))
    return shuffled(commonest(rows, 8), seed)


SCIENCE = "numpy", "scipy", "sklearn", "pandas", "matplotlib", "river"


def stream(name: str, packages: Packages, make: Callable[[Packages], Iterable[Row]], n: int | None = None) -> Stream:
    """The first n rows of what is made of the packages, kept in a file."""
    return Stream(
        name,
        lambda: kept(name, lambda: islice(make(packages), n)),
        sparse=True,
        missing=lambda: None if file(name).exists() else missing(packages),
    )


STREAMS = [
    stream("entity_2k", ("scipy", "sklearn"), lambda p: entities(p, 1), 2000),
    stream("entity_10k", ("numpy", "river", "sklearn"), lambda p: entities(p, 2), 10_000),
    stream("entity_hard", ("sklearn", "scipy", "matplotlib", "river"), lambda p: owners(p, 17), 2000),
    stream("entity_hard_6k", ("pandas", "numpy", "sklearn", "scipy"), lambda p: owners(p, 18), 6000),
    stream("prep_2k", ("numpy", "sklearn"), lambda p: prepositions(p, 3), 2000),
    stream("prep_20k", ("scipy", "pandas"), lambda p: prepositions(p, 4), 20_000),
    stream("roles_3k", ("sklearn", "scipy"), lambda p: roles(p, 5), 3000),
    stream("tfidf_2", ("sklearn", "scipy"), lambda p: tf_idf(parts_by_package(p, 6, 1000))),
    stream("tfidf_2_docs", ("numpy", "scipy"), lambda p: tf_idf(by_package(p, 7, 1000))),
    stream("tfidf_6", SCIENCE, lambda p: tf_idf(by_package(p, 8, 3000))),
    stream("rare_2", ("scipy", "sklearn"), lambda p: rare(by_package(p, 19, 1000))),
    stream("rare_2b", ("pandas", "matplotlib"), lambda p: rare(by_package(p, 26, 1000))),
    stream("rare_8", ("scipy", "sklearn"), lambda p: rare(by_module(p, 20, 2000, 8))),
    stream("counts_5", SCIENCE[:5], lambda p: counted(by_package(p, 9, 2000))),
    stream("bag_30", ("scipy", "sklearn"), lambda p: bags(by_module(p, 10, 3000, 30))),
    stream("doc_kind", SCIENCE, lambda p: kinds(p, 11), 6000),
    stream("messages", SCIENCE, lambda p: messages(p, 12), 5000),
    stream("code_lines", SCIENCE, lambda p: code_lines(p, 13), 15_000),
    stream("identifiers", SCIENCE, lambda p: identifiers(p, 14), 5000),
    stream("unicode", (), lambda p: characters(15), 10_000),
    stream("paths", SCIENCE[:5], lambda p: paths(p, 16), 4000),
    stream("entity_pd", ("pandas", "matplotlib"), lambda p: entities(p, 21), 2500),
    stream("tfidf_2_pd", ("pandas", "matplotlib"), lambda p: tf_idf(parts_by_package(p, 22, 1000))),
    stream("tfidf_25", ("matplotlib", "pandas", "numpy"), lambda p: tf_idf(by_module(p, 23, 2500, 25))),
    stream("punct_50k", ("matplotlib", "numpy", "river"), lambda p: signs(p, 24), 50_000),
    stream("builtins", ("pygments",), lambda p: languages(25), 4000),
]
