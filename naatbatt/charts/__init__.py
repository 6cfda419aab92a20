"""Charts as data, and their drawing as accessible, themeable SVG."""

from naatbatt.charts.shapes import Bar, Bars, Chart, Diverging, Group, Histogram, Interval, Intervals

__all__ = ["Bar", "Bars", "Chart", "Diverging", "Group", "Histogram", "Interval", "Intervals"]
