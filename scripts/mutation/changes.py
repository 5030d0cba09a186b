"""Finds where a C++ header can be changed: spans that can be switched at run time, and edits inside of them.

No parser: the headers are clang-formatted, and what is taken for an expression by mistake does not compile and is dropped.
"""
import os
import re
from collections import Counter
from dataclasses import dataclass

TOKEN = re.compile(r'''
    (?P<skip>//[^\n]*|/\*.*?\*/|\#(?:\\\n|[^\n])*|\s+)
  | (?P<string>R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.'])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<op><=>|<<=|>>=|::|->|\+\+|--|<<|>>|[-+*/%<>=!&|^]=|&&|\|\||.)
''', re.X | re.S)
CLOSING = {"(": ")", "[": "]", "{": "}"}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>="}
NO_STATEMENT = set("""if for while return switch case default using template typedef static_assert friend namespace struct
                      class enum public private protected break continue throw delete try catch do else goto extern operator
                      requires concept virtual""".split())
OPERATORS = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "<": ["<=", ">="], "<=": ["<"], ">": [">=", "<="],
             ">=": [">"], "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"], "+=": ["-="], "-=": ["+="], "*=": ["/="],
             "/=": ["*="], "++": ["--"], "--": ["++"], "&": ["|"], "|": ["&"], "<<": [">>"], ">>": ["<<"]}
NAMES = {"min": ["max"], "max": ["min"], "true": ["false"], "false": ["true"], "floor": ["ceil"], "ceil": ["floor"],
         "round": ["floor"], "width": ["height"], "height": ["width"], "rows": ["cols"], "cols": ["rows"], "x": ["y"],
         "y": ["x"], "x1": ["y1"], "y1": ["x1"], "x2": ["y2"], "y2": ["x2"], "front": ["back"], "back": ["front"],
         "begin": ["end"], "first": ["second"], "second": ["first"], "mean": ["variance"]}
MEMBERS = {"first", "second", "front", "back", "begin"}  # only behind a point or an arrow
UNARY_PLACES = {"*", "&", "-", "+", "&&", "<", ">"}  # binary only with a space on both sides


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Span:
    """A piece of text: a "value", a "condition" (a value that is true or false), a "loop" (the condition of one), a
    "statement" (an expression with its effect) or "fixed" (known to the compiler, so it cannot be switched)."""
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Change:
    """The text of a span becomes `new`. `before` and `after` are its lines without and with the change, for people and
    to know the change again; `nth` tells apart those that read the same in one file."""
    file: str
    line: int
    last_line: int
    span: Span
    new: str
    before: str
    after: str
    why: str = ""
    nth: int = 0

    @property
    def key(self):
        return key_of(self.file, self.before, self.after, self.nth)


def change_of(file, text, span, new, why="", seen=None):
    begin, end = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.end)
    before, after = flat(text[begin:end]), flat(text[begin:span.start] + new + text[span.end:end])
    nth = 0
    if seen is not None:
        nth = seen[before, after]
        seen[before, after] += 1
    first, last = (text.count("\n", 0, at) + 1 for at in (span.start, span.end))
    return Change(file, first, last, span, new, before, after, why, nth)


def key_of(file, before, after, nth=0):
    return " | ".join((file, before, after) + ((str(nth),) if nth else ()))


def flat(text):
    """Without comments and line breaks."""
    return " ".join("".join(" " if t.kind == "skip" else t.text for t in tokens(text, True)).split())


def tokens(text, all_of_them=False):
    found = [Token(m.lastgroup if m.lastgroup != "mark" else "string", m.group(), m.start(), m.end())
             for m in TOKEN.finditer(text)]
    return found if all_of_them else [t for t in found if t.kind != "skip"]


def partners(toks):
    """Index of the closing bracket of each opening one."""
    found, stack = {}, []
    for i, t in enumerate(toks):
        if t.kind != "op":
            continue
        if t.text in CLOSING:
            stack.append(i)
        elif t.text in CLOSING.values() and stack and CLOSING[toks[stack[-1]].text] == t.text:
            found[stack.pop()] = i
    return found


class SpanFinder:
    def __init__(self, text):
        self.text, self.toks = text, tokens(text)
        self.closing = partners(self.toks)
        self.spans = []

    def find(self):
        toks = self.toks
        for i, t in enumerate(toks):
            after = toks[i + 1].text if i + 1 < len(toks) else ""
            if t.text in ("if", "while") and after == "(":
                self.condition(i + 1, "condition" if t.text == "if" else "loop")
            elif t.text == "for" and after == "(":
                self.loop(i + 1)
            elif t.text == "return":
                self.returned(i + 1)
            elif self.begins_statement(i):
                self.statement(i)
        chosen, end = [], 0
        for span in sorted(self.spans, key=lambda span: (span.start, span.end)):
            if span.start >= end:
                chosen.append(span)
                end = span.end
        return chosen

    def add(self, kind, begin, end):
        """Tokens begin to end - 1."""
        toks = self.toks[begin:end]
        if not toks or toks[0].text in ("{", "[") or any(t.text in (";", "co_await", "throw") for t in toks):
            return
        start, stop = toks[0].start, toks[-1].end
        if "#" in self.text[start:stop] or stop - start > 500:
            return
        self.spans.append(Span(kind, start, stop))

    def parts(self, begin, end, separator):
        """Splits at a separator outside of all brackets: pairs of first and last token + 1."""
        found, first, i = [], begin, begin
        while i < end:
            if self.toks[i].text == separator:
                found.append((first, i))
                first = i + 1
            i = self.closing.get(i, i) + 1
        return found + [(first, end)]

    def assignment(self, begin, end):
        """The first assignment outside of all brackets, or None."""
        i = begin
        while i < end:
            if self.toks[i].text in ASSIGNMENTS and self.toks[i].kind == "op":
                return i
            i = self.closing.get(i, i) + 1
        return None

    def condition(self, bracket, kind):
        begin, end = self.parts(bracket + 1, self.closing.get(bracket, bracket), ";")[-1]
        assigned = self.assignment(begin, end)
        self.add(*(("value", assigned + 1, end) if assigned else (kind, begin, end)))

    def loop(self, bracket):
        parts = self.parts(bracket + 1, self.closing.get(bracket, bracket), ";")
        if len(parts) == 3:
            self.declared(*parts[0])
            self.add("loop", *parts[1])

    def returned(self, begin):
        if self.toks[begin].text == "{" and begin in self.closing:
            self.elements(begin)
            return
        self.add("value", begin, self.statement_end(begin))

    def elements(self, bracket):
        """Each element of a list or argument of a constructor by itself."""
        for begin, end in self.parts(bracket + 1, self.closing[bracket], ","):
            assigned = self.assignment(begin, end)
            if not self.is_declaration(begin, end):
                self.add("value", assigned + 1 if assigned else begin, end)

    def statement_end(self, begin):
        i = begin
        while i < len(self.toks) and self.toks[i].text not in (";", ")", "}", "]"):
            i = self.closing.get(i, i) + 1
        return i

    def begins_statement(self, i):
        if self.toks[i].kind not in ("name", "op") or self.toks[i].text in NO_STATEMENT or i == 0:
            return False
        if self.toks[i].kind == "op" and self.toks[i].text not in ("*", "++", "--"):
            return False
        before = self.toks[i - 1].text
        if before in (";", "{", "}", "else", "do"):
            return True
        if before != ")":
            return False
        opening = next((o for o, c in self.closing.items() if c == i - 1), 0)
        return opening > 0 and self.toks[opening - 1].text in ("if", "for", "while", "constexpr")

    def is_declaration(self, begin, end):
        """Two words side by side, outside of brackets: `const Index n`, `T& x`, `std::vector<T> list`."""
        i = begin
        while i < end - 1:
            left, right = self.toks[i], self.toks[i + 1]
            if right.kind == "name" and (left.kind == "name" or (left.text in (">", "&", "&&", "*") and i > begin
                                         and self.text[left.end] == " " and self.text[left.start - 1] != " ")):
                return True
            i = self.closing.get(i, i) + 1
        return self.toks[begin].text == "auto"

    def statement(self, begin):
        end = self.statement_end(begin)
        if end >= len(self.toks) or self.toks[end].text != ";" or self.has_body(begin, end):
            return
        assigned = self.assignment(begin, end)
        if assigned and self.toks[assigned + 1].text in ("default", "delete"):
            return
        if self.is_declaration(begin, assigned or end):
            self.declared(begin, end)
        elif assigned or self.toks[end - 1].text in (")", "++", "--") or self.toks[begin].text in ("++", "--"):
            self.add("statement", begin, end)

    def has_body(self, begin, end):
        """Whether what looks like a statement begins with a function: a block in it goes on with something else."""
        i = begin
        while i < end:
            last = self.closing.get(i, i)
            if self.toks[i].text == "{" and self.toks[last + 1].text not in (";", ",", ")", ".", "->"):
                return True
            i = last + 1
        return False

    def declared(self, begin, end):
        """`const auto n = a, m = b` and `Random random(a, b)`."""
        if begin >= end:
            return
        fixed = any(t.text == "constexpr" for t in self.toks[begin:end])
        assigned = self.assignment(begin, end)
        if not assigned:
            if self.toks[end - 1].text in (")", "}") and not fixed:
                opening = next((o for o, c in self.closing.items() if c == end - 1), None)
                if opening and self.toks[opening - 1].kind == "name":
                    self.elements(opening)
            return
        if self.toks[assigned - 1].text in (")", "const", "override", "noexcept"):  # a pure virtual function
            return
        first = i = assigned + 1
        while i < end:
            if self.toks[i].text == "," and i + 2 <= end and self.toks[i + 1].kind == "name" and \
                    self.toks[i + 2].text in ("=", ",", ";"):
                self.add("fixed" if fixed else "value", first, i)
                first = i = i + 3 if self.toks[i + 2].text == "=" else end
            else:
                i = self.closing.get(i, i) + 1
        self.add("fixed" if fixed else "value", first, end)


def numbers_instead(text):
    """Other constants in place of a number."""
    if re.fullmatch(r"\d+", text):
        return {"0": ["1"], "1": ["0", "2"]}.get(text, [str(int(text) + 1)])
    if re.fullmatch(r"(\d+\.\d*|\d*\.\d+|\d+(\.\d*)?[eE][-+]?\d+)f?", text):
        return ["1.0" if float(text.rstrip("f")) == 0 else f"(2 * {text})"]
    return []


def edits(text, span):
    """Texts that the span may become."""
    inside = text[span.start:span.end]
    found = []
    if span.kind in ("condition", "loop"):
        found += ["false"] if span.kind == "loop" else ["true", "false", f"!({inside})"]
    if span.kind == "statement":
        found.append("")
    toks = tokens(inside)
    for i, t in enumerate(toks):
        before = inside[t.start - 1] if t.start > 0 else " "
        after = inside[t.end] if t.end < len(inside) else " "
        others = []
        if t.kind == "op" and not (i > 0 and toks[i - 1].text == "operator"):
            spaced = before == after == " "
            if t.text in OPERATORS and (spaced or t.text not in UNARY_PLACES | {"/", "%", "|", "<<", ">>"}):
                others = OPERATORS[t.text]
            elif t.text == "!":
                others = [""]
        elif t.kind == "name" and (t.text not in MEMBERS or (i > 0 and toks[i - 1].text in (".", "->"))):
            others = NAMES.get(t.text, [])
        elif t.kind == "number" and before != "<" and after != ">":
            others = numbers_instead(t.text)
        found += [inside[:t.start] + other + inside[t.end:] for other in others]
    return found


def changes_of(file, text):
    """All changes of one file, those that cannot be switched among them."""
    seen = Counter()
    return [change_of(file, text, span, new, seen=seen) for span in SpanFinder(text).find() for new in edits(text, span)]


def listed_change(file, text, old, new, why):
    """A change by its text, which must be there once; widened to the span that holds it, if one does."""
    if text.count(old) != 1:
        raise ValueError(f"{file}: expected once, found {text.count(old)} times: {old}")
    start = text.index(old)
    same = len(os.path.commonprefix([old, new]))
    rest = len(os.path.commonprefix([old[same:][::-1], new[same:][::-1]]))
    start, old, new = start + same, old[same:len(old) - rest], new[same:len(new) - rest]
    for span in SpanFinder(text).find():
        if span.start <= start and start + len(old) <= span.end and span.kind != "fixed":
            whole = text[span.start:start] + new + text[start + len(old):span.end]
            return change_of(file, text, span, whole, why)
        if start <= span.start and span.end <= start + len(old) and new == "" and span.kind == "statement":
            return change_of(file, text, span, "", why)
    return change_of(file, text, Span("fixed", start, start + len(old)), new, why)
