"""Draws a Grafana dashboard's panels from what Prometheus answers to their queries.

    draw.py DASHBOARD PROMETHEUS OUTPUT.svg

Not Grafana: its grid, its titles, its queries and its units, drawn by this program.
"""

import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request
from html import escape

COLUMN, ROW, GAP, HEAD = 50, 29, 8, 46
COLOURS = ["#3274d9", "#e0752d", "#37872d", "#a352cc", "#c4162a", "#b58900", "#19819b", "#7a7a7a", "#e5588e", "#5d4037"]
POINTS = 240
THRESHOLDS = {"red": "#c4162a", "green": "#37872d"}
NUMBER = {"reqps": " req/s", "short": ""}


def ask(server, path, **parameters):
    """What Prometheus answers."""
    url = f"{server}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)["data"]["result"]


def shown(value, unit):
    """A value as people read it."""
    if value is None or math.isnan(value):
        return "–"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        for least, divisor, name in ((3600, 3600, "h"), (60, 60, "min"), (1, 1, "s"), (0, 0.001, "ms")):
            if abs(value) >= least:
                return f"{value / divisor:.3g} {name}" if value else "0"
    return f"{value:.3g}{NUMBER[unit]}"


def legend(form, labels):
    """`{{name}}` filled in."""
    return re.sub(r"{{(\w+)}}", lambda match: labels.get(match[1], ""), form).strip() or "all"


class Data:
    """Prometheus, over the time that the picture shows."""

    def __init__(self, server):
        self.server, self.until = server, time.time()
        began = ask(server, "query", query='min(process_start_time_seconds{job="gateway"})')
        self.since = max(float(began[0]["value"][1]), self.until - 3600)

    def series(self, panel):
        """Names and points of all queries of a panel."""
        step = max(1, (self.until - self.since) / POINTS)
        found = []
        for target in panel["targets"]:
            times = {"start": self.since, "end": self.until, "step": step}
            for one in ask(self.server, "query_range", query=target["expr"], **times):
                points = [(float(at), float(value)) for at, value in one["values"]]
                points = [point for point in points if math.isfinite(point[1])]
                if points:
                    found.append((legend(target["legendFormat"], one["metric"]), points))
        return sorted(found, key=lambda one: -max(value for _, value in one[1]))

    def now(self, panel):
        """Names and last values, in the order of the queries."""
        found = []
        for target in panel["targets"]:
            for one in ask(self.server, "query", query=target["expr"], time=self.until):
                found.append((legend(target["legendFormat"], one["metric"]), float(one["value"][1])))
        return found


class Box:
    """Where a panel is, in pixels."""

    def __init__(self, grid):
        self.x, self.y = grid["x"] * COLUMN + GAP / 2, grid["y"] * ROW + HEAD + GAP / 2
        self.width, self.height = grid["w"] * COLUMN - GAP, grid["h"] * ROW - GAP

    def frame(self, title):
        """The panel's ground and its title."""
        return (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="3" '
            f'fill="#fff" stroke="#dcdfe3"/>' + text(self.x + 10, self.y + 19, title, weight=600)
        )


def text(x, y, words, size=12, colour="#24292e", anchor="start", weight=400):
    """Words."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def ticks(most, unit):
    """Round steps of an axis that begins at zero."""
    if unit == "s" and most > 60:
        return [60 * tick for tick in ticks(most / 60, "short")]
    raw = (most or 1) / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    return [step * number for number in range(math.ceil(most / step) + 1)] if most else [0, 1]


def lines(points, x, y):
    """A line; a gap in time is a gap in it."""
    usual = min((b[0] - a[0] for a, b in zip(points, points[1:])), default=1)
    path, last = "", None
    for at, value in points:
        path += f"{'M' if last is None or at - last > 1.5 * usual else 'L'}{x(at):.1f},{y(value):.1f}"
        last = at
    return path


def legend_rows(names, width):
    """Names in rows that fit."""
    rows, used = [[]], 0
    for number, name in enumerate(names):
        need = 26 + 6.1 * len(name)
        if used + need > width and rows[-1]:
            rows.append([])
            used = 0
        rows[-1].append((number, name, used))
        used += need
    return rows


def draw_lines(box, panel, data):
    """A time series."""
    unit = panel["fieldConfig"]["defaults"]["unit"]
    series = data.series(panel)
    if not series:
        return text(box.x + box.width / 2, box.y + box.height / 2, "No data", anchor="middle", colour="#6e7781")
    rows = legend_rows([name for name, _ in series], box.width - 24)
    left, right = box.x + 62, box.x + box.width - 14
    top, bottom = box.y + 34, box.y + box.height - 28 - 16 * len(rows)
    steps = ticks(max(value for _, points in series for _, value in points), unit)
    x = lambda at: left + (right - left) * (at - data.since) / (data.until - data.since)
    y = lambda value: bottom - (bottom - top) * value / steps[-1]
    out = []
    for step in steps:
        out.append(f'<path d="M{left:.1f},{y(step):.1f}H{right:.1f}" stroke="#eceef0"/>')
        out.append(text(left - 6, y(step) + 4, shown(step, unit), 10.5, "#57606a", "end"))
    count = max(2, int((right - left) / 110))
    for number in range(count + 1):
        at = data.since + (data.until - data.since) * number / count
        clock = time.strftime("%H:%M", time.gmtime(at))
        out.append(text(x(at), bottom + 16, clock, 10.5, "#57606a", "end" if number == count else "middle"))
    for number, (_, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        out.append(f'<path d="{lines(points, x, y)}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    for row, entries in enumerate(rows):
        for number, name, offset in entries:
            at, line = box.x + 12 + offset, bottom + 34 + 16 * row
            colour = COLOURS[number % len(COLOURS)]
            out.append(f'<rect x="{at:.1f}" y="{line - 5:.1f}" width="12" height="3" fill="{colour}"/>')
            out.append(text(at + 16, line, name, 11))
    return "".join(out)


def colour_of(panel, value):
    """By the panel's thresholds."""
    steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps") or [{"color": "green", "value": None}]
    passed = [step for step in steps if step["value"] is None or value >= step["value"]]
    return THRESHOLDS[passed[-1]["color"]]


def draw_stat(box, panel, data):
    """The last value, large, above how it came about."""
    series = data.series(panel)
    if not series:
        return text(box.x + box.width / 2, box.y + 66, "No data", 20, "#6e7781", "middle")
    points = series[0][1]
    value = points[-1][1]
    colour = colour_of(panel, value)
    most = max(point[1] for point in points) or 1
    floor = box.y + box.height
    x = lambda at: box.x + box.width * (at - data.since) / (data.until - data.since)
    y = lambda height: floor - 2 - 26 * height / most
    path = lines(points, x, y)
    area = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" opacity=".55"/>'
    words = shown(value, panel["fieldConfig"]["defaults"]["unit"])
    size = 28 if len(words) < 9 else 22
    return area + text(box.x + box.width / 2, box.y + 66, words, size, colour, "middle", 600)


def draw_bars(box, panel, data):
    """A bar for each."""
    found = data.now(panel)
    most = max([value for _, value in found] or [1]) or 1
    height = min(28, (box.height - 40) / max(1, len(found)))
    left, wide = box.x + 150, box.width - 230
    out = []
    for number, (name, value) in enumerate(found):
        top = box.y + 34 + number * height
        out.append(text(left - 10, top + height / 2 + 3, name, 11.5, anchor="end"))
        out.append(f'<rect x="{left}" y="{top + 3:.1f}" width="{wide}" height="{height - 7:.1f}" fill="#f1f3f5"/>')
        bar = wide * value / most
        out.append(f'<rect x="{left}" y="{top + 3:.1f}" width="{bar:.1f}" height="{height - 7:.1f}" fill="#37872d"/>')
        out.append(text(left + wide + 8, top + height / 2 + 3, f"{value:.0f}", 12, "#37872d", weight=600))
    return "".join(out)


DRAW = {"timeseries": draw_lines, "stat": draw_stat, "bargauge": draw_bars}


def picture(dashboard, data):
    """The whole of it."""
    width = 24 * COLUMN
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    height = rows * ROW + HEAD + 30
    clock = lambda form, at: time.strftime(form, time.gmtime(at))
    when = f"{clock('%Y-%m-%d %H:%M', data.since)} to {clock('%H:%M', data.until)} UTC"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Inter, Helvetica, Arial, \'DejaVu Sans\', sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#f4f5f5"/>',
        text(14, 29, dashboard["title"], 18, weight=600),
        text(width - 14, 29, when, 12, "#57606a", "end"),
    ]
    for panel in dashboard["panels"]:
        box = Box(panel["gridPos"])
        out += [box.frame(panel["title"]), DRAW[panel["type"]](box, panel, data)]
    drawn = "Drawn from the dashboard's file and a Prometheus's answers by crates/test-kit/edge/dashboard, not by Grafana."
    out.append(text(14, height - 11, drawn, 11, "#57606a"))
    return "\n".join([*out, "</svg>\n"])


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        told = json.load(source)
    drawn_picture = picture(told, Data(sys.argv[2]))
    with open(sys.argv[3], "w", encoding="utf-8") as target:
        target.write(drawn_picture)
