"""Painting what is dirty, and nothing beside it.

For one line that changed, Textual renders every line of every widget between the first and the
last change on the screen. Here a widget renders the lines, and the columns, that changed.
"""

from collections.abc import Iterable, Iterator

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

_Parts = dict[int, dict[int, Strip | None]]
"""What is painted: by line and column."""


class DirtyCompositor(Compositor):
    """A compositor whose partial updates hold the dirty cells alone."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return what is dirty, painted; None where nothing is."""
        screen = self.size.region
        dirty = [region.intersection(screen) for region in self._dirty_regions]
        self._dirty_regions.clear()
        parts: _Parts = {}
        for rectangle in _rectangles(self._regions_to_spans(dirty)):
            self._paint(rectangle, parts)
        if not parts:
            return None
        lines = [dict(sorted(parts.get(y, {}).items())) for y in range(screen.height)]
        ends = [
            [x + strip.cell_length for x, strip in line.items() if strip is not None]
            for line in lines
        ]
        spans = [(y, min(lines[y]), ends[y][-1]) for y in sorted(parts)]
        return ChopsUpdate(lines, spans, ends)

    def _paint(self, rectangle: Region, parts: _Parts) -> None:
        """Add what the widgets show in a rectangle, those in front before those they cover."""
        bare = [rectangle]
        for widget, (region, clip) in self.visible_widgets.items():
            visible = region.intersection(clip)
            if not visible.overlaps(rectangle):
                continue
            still_bare: list[Region] = []
            for piece in bare:
                covered = piece.intersection(visible)
                if not covered:
                    still_bare.append(piece)
                    continue
                still_bare += _around(covered, piece)
                strips = widget.render_lines(covered.translate(-region.offset))
                for y, strip in zip(covered.line_range, strips, strict=True):
                    parts.setdefault(y, {})[covered.x] = strip
            bare = still_bare
            if not bare:
                return


def _rectangles(spans: Iterable[tuple[int, int, int]]) -> Iterator[Region]:
    """Join spans (line, first column, end) that lie under one another, from top to bottom."""
    growing: dict[tuple[int, int], tuple[int, int]] = {}
    for y, start, end in spans:
        if start >= end:
            continue
        top, bottom = growing.get((start, end), (y, y))
        if bottom != y:
            yield Region(start, top, end - start, bottom - top)
            top = y
        growing[start, end] = (top, y + 1)
    for (start, end), (top, bottom) in growing.items():
        yield Region(start, top, end - start, bottom - top)


def _around(inner: Region, outer: Region) -> Iterator[Region]:
    """Yield what is left of `outer` without `inner`, which lies in it."""
    left, top, right, bottom = outer.corners
    x, y, end, under = inner.corners
    pieces = (
        Region.from_corners(left, top, right, y),
        Region.from_corners(left, y, x, under),
        Region.from_corners(end, y, right, under),
        Region.from_corners(left, under, right, bottom),
    )
    yield from (piece for piece in pieces if piece)
