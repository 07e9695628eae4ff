"""Pictures of a report as inline SVG that takes its colours and its font from the page."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

# Stand-ins that become the page's own colours.
INK, MUTED, GRID, ACCENT = "#010203", "#040506", "#070809", "#0a0b0c"
COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", ACCENT: "var(--accent)"}
MOST_POINTS = 1200


def loss_chart(
    log: Sequence[dict[str, Any]], bytes_per_token: float, score: float, *, width: float, name: str
) -> str:
    """Training loss in bits per byte over seconds and tokens; `width` in inches, `name` unique in its page."""
    seconds, tokens, loss = (
        np.array([row[key] for row in log], float) for key in ("seconds", "tokens", "loss")
    )
    bits = loss / np.log(2) / bytes_per_token
    smooth = smoothed(bits)
    with rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10, "axes.unicode_minus": False}
    ):
        figure = Figure(figsize=(width, 3.3), layout="constrained")
        axes = figure.subplots()
        shown = np.unique(np.linspace(0, len(bits) - 1, MOST_POINTS).astype(int))
        axes.plot(seconds[shown], bits[shown], color=MUTED, linewidth=0.5, alpha=0.55)
        axes.plot(seconds[shown], smooth[shown], color=ACCENT, linewidth=2.2)
        axes.axhline(score, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"validation {score:.3f}",
            (0, score),
            (4, -4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="left",
            va="top",
            color=INK,
        )
        axes.set_ylim(*limits(bits, smooth, score))
        axes.set_xlim(0, seconds[-1])
        axes.set_xlabel("seconds of training", color=MUTED)
        axes.set_ylabel("bits per byte", color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
        _second_axis(axes, seconds, tokens)
        _quiet(axes)
        return _svg(figure)


def limits(bits: NDArray[np.float64], smooth: NDArray[np.float64], score: float) -> tuple[float, float]:
    """Lowest and highest value on the axis: the score and all of the curve, but for where it begins, a cliff."""
    lowest = min(bits.min(), score)
    # Not simply where the cliff ends: a training that diverges is highest later.
    highest = max(smooth[len(smooth) // 40 :].max(), score)
    return lowest - 0.12 * (highest - lowest), highest + 0.1 * (highest - lowest)


def smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over a window that grows with the step (a twentieth of it), so that early falls stay sharp."""
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - 1 - ends // 20)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return (sums[ends] - sums[starts]) / (ends - starts)


def _second_axis(axes: Any, seconds: NDArray[np.float64], tokens: NDArray[np.float64]) -> None:
    """Tokens along the top: as good as proportional to seconds, within a run."""
    unit, name = (1e6, "millions") if tokens[-1] >= 1e6 else (1e3, "thousands")
    speed = tokens[-1] / seconds[-1] / unit
    top = axes.secondary_xaxis("top", functions=(lambda s: s * speed, lambda m: m / speed))
    top.set_xlabel(f"{name} of tokens", color=MUTED)
    top.tick_params(colors=MUTED, length=0)
    top.spines["top"].set_visible(False)


def _quiet(axes: Any) -> None:
    axes.tick_params(colors=MUTED, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)


def _svg(figure: Figure) -> str:
    """The bare <svg> element: no metadata, no size of its own, the page's colours and font."""
    buffer = StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' id="[a-z0-9]+_\d+"', "", svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", svg)
    for stand_in, colour in COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg
