# SPDX-License-Identifier: BSD-2-Clause
"""Drawing: scales, axes and shapes as SVG text. Written out by hand, so that a report needs no package to be made and
nothing from the network to be looked at. Colours and type sizes are classes of report.css."""

import math
from html import escape

CHARACTER = 6.2  # how wide a character of a label is, about


def number(value):
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


class Svg:
    """A picture that grows by its methods; `text()` is the whole of it."""

    def __init__(self, width, height, label):
        self.width, self.height, self.label, self.parts = width, height, label, []

    def add(self, part):
        self.parts.append(part)

    def line(self, x1, y1, x2, y2, kind="", **more):
        self.add(f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"{names(kind, more)}/>')

    def rect(self, x, y, width, height, kind="", title="", **more):
        inside = f"<title>{escape(title)}</title>" if title else ""
        self.add(f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
                 f'{names(kind, more)}>{inside}</rect>')

    def circle(self, x, y, radius, kind="", title="", **more):
        inside = f"<title>{escape(title)}</title>" if title else ""
        self.add(f'<circle cx="{number(x)}" cy="{number(y)}" r="{radius}"{names(kind, more)}>{inside}</circle>')

    def words(self, x, y, text, kind="", anchor="start", **more):
        self.add(f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"{names(kind, more)}>{escape(text)}</text>')

    def path(self, data, kind="", title="", **more):
        inside = f"<title>{escape(title)}</title>" if title else ""
        self.add(f'<path d="{data}"{names(kind, more)}>{inside}</path>')

    def polyline(self, points, kind="", title="", **more):
        self.path("M" + "L".join(f"{number(x)} {number(y)}" for x, y in points), kind, title, **more)

    def text(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(self.width)} {number(self.height)}" '
                f'width="{number(self.width)}" height="{number(self.height)}" role="img" '
                f'aria-label="{escape(self.label)}">{"".join(self.parts)}</svg>')


def names(kind, more):
    """Attributes: a class, and whatever else; `_` in a name stands for `-`."""
    given = f' class="{kind}"' if kind else ""
    return given + "".join(f' {name.replace("_", "-")}="{escape(str(value))}"' for name, value in more.items())


# Scales


class Linear:
    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high if high > low else low + 1, start, end

    def __call__(self, value):
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self, wanted=5):
        step = nice((self.high - self.low) / wanted)
        first = math.ceil(self.low / step - 1e-9)
        return [round(count * step, 12) for count in range(first, math.floor(self.high / step + 1e-9) + 1)]


class Log:
    """Values of `low` and less are at the start."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high if high > low else low * 10, start, end

    def __call__(self, value):
        part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return self.start + (self.end - self.start) * part

    def ticks(self, wanted=6):
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            found = [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]
            if len(found) <= wanted + 2:
                return found
        return found[:: math.ceil(len(found) / wanted)]


def nice(step):
    """The next 1, 2 or 5 of some decade."""
    decade = 10.0 ** math.floor(math.log10(step))
    return next((factor * decade for factor in (1, 2, 5, 10) if factor * decade >= step * 0.999), 10 * decade)


def apart(wanted, distance, low, high):
    """Moves labels that would overlap: places as near to the wanted ones as can be, `distance` apart."""
    order = sorted(range(len(wanted)), key=lambda one: wanted[one])
    places, last = [0.0] * len(wanted), low - distance
    for one in order:
        last = places[one] = max(wanted[one], last + distance)
    limit = high + distance
    for one in reversed(order):
        limit = places[one] = min(places[one], limit - distance)
    return places
