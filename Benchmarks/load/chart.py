"""Draws ratios as a horizontal bar chart in SVG, on a logarithmic scale, with a line at 1."""

import html
import math

ROW, GAP, TOP, LEFT, WIDTH, RIGHT = 15, 9, 62, 330, 520, 60
COLORS = ["#2f81f7", "#d9822b", "#2da44e", "#a371f7", "#e5534b", "#768390"]
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.grid { stroke: #8b949e; stroke-opacity: 0.35 }
.one { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .one { stroke: #e6edf3 } }
"""


def svg(bars):
    """Returns the chart of bars, each a label, a server and a ratio; a label stands once for its bars."""
    names = list(dict.fromkeys(short(name) for _, name, _ in bars))
    colors = {name: COLORS[index % len(COLORS)] for index, name in enumerate(names)}
    scale = Scale([ratio for _, _, ratio in bars])
    body, y, former = [], TOP, None
    for label, name, ratio in bars:
        if label != former:
            y += GAP if former else 0
            body.append(text(LEFT - 8, y + 12, label, "end"))
            former = label
        body.append(bar(scale, y, ratio, colors[short(name)]))
        y += ROW
    parts = [heading(colors), *grid(scale, y + 4), *body]
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{y + 26}"'
    box = f'viewBox="0 0 {LEFT + WIDTH + RIGHT} {y + 26}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>', f"<style>{STYLE}</style>", *parts, "</svg>", ""]
    )


class Scale:
    """A logarithmic scale of powers of two around 1."""

    def __init__(self, ratios):
        """Takes the values that must fit."""
        self.low = min(-1, math.floor(math.log2(min(ratios, default=1)) - 0.4))  # with room for a value
        self.high = max(1, math.ceil(math.log2(max(ratios, default=1))))

    def x(self, ratio):
        """Returns where a ratio stands."""
        return LEFT + WIDTH * (math.log2(ratio) - self.low) / (self.high - self.low)

    def ticks(self):
        """Returns the powers of two within the scale."""
        return [2.0**power for power in range(self.low, self.high + 1)]


def short(name):
    """Returns a server's name without what tells two data directories apart."""
    return name.partition(",")[0]


def text(x, y, content, anchor="start"):
    """Returns a text element."""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{html.escape(content)}</text>'


def bar(scale, y, ratio, color):
    """Returns a bar from 1 to the ratio, with its value."""
    start, end = sorted([scale.x(1), scale.x(ratio)])
    value = text(scale.x(ratio) + (5 if ratio >= 1 else -5), y + 12, f"{ratio:.2f}", "start" if ratio >= 1 else "end")
    size = f'x="{start:.1f}" y="{y + 2}" width="{max(end - start, 1):.1f}" height="{ROW - 3}"'
    return f'<rect {size} fill="{color}"/>{value}'


def grid(scale, bottom):
    """Returns the lines of the scale with their values."""
    lines = []
    for tick in scale.ticks():
        x = scale.x(tick)
        kind = "one" if tick == 1 else "grid"
        lines.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}"/>')
        lines.append(text(x, bottom + 15, f"{tick:g}", "middle"))
    return lines


def heading(colors):
    """Returns the title and the legend."""
    parts = [text(8, 18, "How many times as good Cloakroom is: right of 1 it is faster, or needs less memory or CPU")]
    x = 8
    for name, color in colors.items():
        label = "with few files" if name == "cloakroom" else name
        parts.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{color}"/>' + text(x + 17, 41, label))
        x += 40 + 7 * len(label)
    return "\n".join(parts)
