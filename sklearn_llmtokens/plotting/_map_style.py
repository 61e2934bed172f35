"""Size, transparency and colours of the points of a map, and its legend."""

import numpy as np

GREYS = {"noise": "0.72", "no label": "0.82"}

_MAX_LEGEND = 18  # groups; more cannot be distinguished by colour


def point_style(n_points: int) -> dict:
    """Return size and transparency of points: 18 square points at 0.8 for some hundreds, fainter dots for more."""
    return {
        "s": float(np.clip(450 / np.sqrt(n_points), 2, 30)),
        "alpha": float(np.clip(5.5 * n_points**-0.25, 0.2, 0.8)),
        "linewidths": 0,
        "rasterized": n_points > 5000,  # else a PDF or SVG has an object for each
    }


def draw_legend(ax, groups, background, colours, family) -> None:
    """Draw a legend of dots that are easy to see, noise last; none for more colours than can be distinguished."""
    from matplotlib.lines import Line2D

    shown = list(zip([name for name, _ in groups], colours, strict=True)) if len(groups) <= _MAX_LEGEND else []
    shown += [(name, GREYS.get(name, GREYS["noise"])) for name, _ in background]
    dots = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in shown]
    if dots:
        ax.legend(
            handles=dots,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
            prop={"size": "small"} | ({"family": family} if family else {}),
        )


def group_colours(n: int) -> list:
    """Return n colours that are as easy to distinguish as n allows, none of them grey as noise is."""
    from matplotlib import colormaps
    from matplotlib.colors import hsv_to_rgb

    order = [*range(0, 20, 2), *range(1, 20, 2)]  # dark ones first; 14 and 15 are grey
    palette = [colormaps["tab20"](i)[:3] for i in order if i not in (14, 15)]
    if n <= len(palette):
        return palette[:n]
    # neighbours differ by the golden section of the circle of hues, and in brightness
    return [tuple(hsv_to_rgb((0.618034 * i % 1, 0.8, (0.6, 0.9)[i % 2])).tolist()) for i in range(n)]
