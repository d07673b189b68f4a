"""A line chart as SVG, without a library. Readable on light and on dark ground."""

import math
from collections.abc import Callable, Mapping, Sequence

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 24, 44, 48
# Of middle brightness: each stands out from white and from black.
_COLOURS = ("#2f81f7", "#d4762c", "#2da44e")
_STYLE = """<style>
text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-size:14px;font-weight:600}
.grid{stroke:#8b949e;stroke-opacity:.3}.line{fill:none;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#9da7b1}}
</style>"""


def line_chart(title: str, x_name: str, y_name: str, lines: Mapping[str, Points], *, log_x: bool) -> str:
    """`lines` by what they are called; x from the least to the greatest, y from 0."""
    xs = [x for points in lines.values() for x, _ in points]
    most = _round_up(max(y for points in lines.values() for _, y in points))
    across = _scale(min(xs), max(xs), log_x)

    def place(x: float, y: float) -> tuple[float, float]:
        inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return _LEFT + inner_width * across(x), _TOP + inner_height * (1 - y / most)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{title}</title>",
        _STYLE,
        f'<text class="title" x="{_LEFT}" y="18">{title}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{x_name}</text>',
        f'<text x="{_LEFT}" y="{_TOP - 8}">{y_name}</text>',
    ]
    for step in range(5):
        value = most * step / 4
        _, y = place(min(xs), value)
        drawn.append(f'<path class="grid" d="M{_LEFT} {y:.0f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{value:,g}</text>')
    for x in sorted(set(xs)):
        at, _ = place(x, 0)
        drawn.append(f'<text x="{at:.0f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{x:,g}</text>')
    for colour, (name, points), row in zip(_COLOURS, lines.items(), range(len(lines)), strict=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        drawn.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        drawn.extend(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
            for x, y in (place(*point) for point in points)
        )
        label_y = 18 + 16 * row
        drawn.append(
            f'<text x="{_WIDTH - _RIGHT}" y="{label_y}" text-anchor="end" style="fill:{colour}">{name}</text>'
        )
    return "\n".join([*drawn, "</svg>", ""])


def _scale(least: float, most: float, log_x: bool) -> Callable[[float], float]:
    """Gives 0 for the least and 1 for the greatest."""
    if most == least:
        return lambda _x: 0.5
    if log_x:
        return lambda x: math.log(x / least) / math.log(most / least)
    return lambda x: (x - least) / (most - least)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 times a power of ten: a quarter of it is easy to read."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(power * step for step in (1, 2, 4, 8, 10) if power * step >= value) if value > 0 else 1.0
