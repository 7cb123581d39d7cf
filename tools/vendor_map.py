"""Rebuild the outlines that the web app's map is drawn from.

    python tools/vendor_map.py states-10m.json countries-50m.json [--check]

The two files are of the npm packages us-atlas 3.0.1 and world-atlas 2.0.2; both hold geometry in
the public domain (United States Census Bureau; Natural Earth). What is drawn is projected,
simplified and written to `web/static/map.json`, with `VENDORED.toml` beside it. `--check` writes
nothing and fails if they differ.
"""

import hashlib
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[1] / "src" / "asylumatlas" / "web" / "static"
SHA256 = {
    "states-10m.json": "d76b391ccfa8bff601d51e3e3da5d43a89fa46cd5caca72ce731b383be5596d0",
    "countries-50m.json": "04342cdc1e3016bcd7db1630de95684d67b79fe3c8c460321e87aef469502394",
}
WIDTH, HEIGHT = 1000, 760  # of the drawing, in its own units
TOLERANCE = 0.8  # units by which an outline may be off
LEAST = 3.0  # square units of the smallest island drawn
# Albers' equal-area conic projection: two parallels, the origin (north, east), units a radian,
# and where the origin is drawn.
PROJECTIONS = {
    "main": {"parallels": [25, 45], "origin": [32, -100], "scale": 1000, "centre": [520, 340]},
    "alaska": {"parallels": [55, 65], "origin": [62, -152], "scale": 330, "centre": [95, 640]},
    "hawaii": {"parallels": [8, 18], "origin": [20.6, -157.3], "scale": 900, "centre": [240, 690]},
    "puerto_rico": {
        "parallels": [8, 18],
        "origin": [18.2, -66.4],
        "scale": 1400,
        "centre": [905, 640],
    },
}
INSETS = {"Alaska": "alaska", "Hawaii": "hawaii", "Puerto Rico": "puerto_rico"}
NOT_DRAWN = (
    *("Guam", "American Samoa", "Commonwealth of the Northern Mariana Islands"),
    "United States Virgin Islands",
)
NEIGHBOURS = (
    *("Mexico", "Guatemala", "Belize", "Honduras", "El Salvador", "Canada", "Cuba", "Nicaragua"),
)
MANIFEST = """\
# Data of others that ships inside this package. Written by tools/vendor_map.py; do not edit.

[map]
file = "map.json"
sha256 = "{sha256}"
bytes = {size}
made_with = "tools/vendor_map.py: projected, simplified, without the smallest islands"
contains = "states of us-atlas 3.0.1 (Census Bureau, 2017), countries of world-atlas 2.0.2"
homepage = "https://github.com/topojson"
licence = "public domain (geometry) AND ISC (packaging)"
notice = \"\"\"
Made with Natural Earth. Outlines of the states: United States Census Bureau.
Packaging of both: Copyright 2013-2019 Michael Bostock.
\"\"\"
terms = \"\"\"
ISC: Permission to use, copy, modify, and/or distribute this software for any purpose with or
without fee is hereby granted, provided that the above copyright notice and this permission notice
appear in all copies. THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT
SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
\"\"\"
"""

Point = tuple[float, float]
Line = list[Point]
Project = Callable[[Point], Point]


def albers(
    parallels: Sequence[float], origin: Sequence[float], scale: float, centre: Any
) -> Project:
    """Return the projection from (east, north) in degrees to the drawing's units."""
    from asylumatlas.web.drawings.map import project

    def at(point: Point) -> Point:
        east, north = point
        words = {"parallels": parallels, "origin": origin, "scale": scale, "centre": centre}
        return project(north, east, words)

    return at


def arcs(topology: Mapping[str, Any]) -> list[Line]:
    """Return the arcs of a topology in degrees: each is coded as steps on a grid."""
    grid = topology["transform"]
    found = []
    for steps in topology["arcs"]:
        x = y = 0
        line: Line = []
        for step_x, step_y in steps:
            x, y = x + step_x, y + step_y
            line.append(
                (
                    x * grid["scale"][0] + grid["translate"][0],
                    y * grid["scale"][1] + grid["translate"][1],
                )
            )
        found.append(line)
    return found


def simplified(line: Line) -> Line:
    """Return a line with fewer points, nowhere off by more than TOLERANCE (Douglas and Peucker)."""
    keep, stack = {0, len(line) - 1}, [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        farthest, at = TOLERANCE, None
        for k in range(first + 1, last):
            off = distance(line[k], line[first], line[last])
            if off > farthest:
                farthest, at = off, k
        if at is not None:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [line[k] for k in sorted(keep)]


def distance(point: Point, start: Point, end: Point) -> float:
    """Return how far a point is from the line through two others."""
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = math.hypot(x2 - x1, y2 - y1)
    if length == 0:
        return math.hypot(x - x1, y - y1)
    return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length


def rings(geometry: Mapping[str, Any]) -> Iterator[list[int]]:
    """Yield the rings of a shape as numbers of arcs, below 0 for an arc run backwards."""
    shapes = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    for shape in shapes:
        yield from shape


def outline(geometry: Mapping[str, Any], lines: Sequence[Line], project: Project) -> str:
    """Return a shape as the path of an SVG, in whole units. Shared borders stay shared."""
    used = {k if k >= 0 else ~k for ring in rings(geometry) for k in ring}
    own = {k: simplified([project(point) for point in lines[k]]) for k in used}
    parts = []
    for ring in rings(geometry):
        points: Line = []
        for k in ring:
            line = own[k] if k >= 0 else own[~k][::-1]
            points += line[1:] if points else line
        parts.append(path(points))
    return "".join(parts)


def path(points: Line) -> str:
    """Return a ring as relative whole steps, "" if it is too small to be seen."""
    pairs = itertools.pairwise(points)
    if abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2 < LEAST:
        return ""
    last, *rest = [(round(x), round(y)) for x, y in points]
    text, steps = f"M{last[0]},{last[1]}l", []
    for point in rest[:-1]:
        if point != last:
            steps.append(f"{point[0] - last[0]},{point[1] - last[1]}")
            last = point
    if len(steps) < 2:
        return ""
    return text + " ".join(steps).replace(" -", "-").replace(",-", "-") + "z"


def build(states: Mapping[str, Any], countries: Mapping[str, Any]) -> bytes:
    """Return the map as JSON."""
    project = {name: albers(**words) for name, words in PROJECTIONS.items()}
    lines = arcs(states)
    drawn = []
    for geometry in states["objects"]["states"]["geometries"]:
        name = geometry["properties"]["name"]
        if name not in NOT_DRAWN:
            where = INSETS.get(name, "main")
            drawn.append({"name": name, "path": outline(geometry, lines, project[where])})
    lines = arcs(countries)
    near = [
        {"name": name, "path": outline(geometry, lines, project["main"])}
        for geometry in countries["objects"]["countries"]["geometries"]
        if (name := geometry["properties"]["name"]) in NEIGHBOURS
    ]
    found = {
        "width": WIDTH,
        "height": HEIGHT,
        "projections": PROJECTIONS,
        "states": sorted(drawn, key=lambda each: each["name"]),
        "countries": sorted(near, key=lambda each: each["name"]),
    }
    return (json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read(path: Path) -> Any:
    """Return a source file's content, once its checksum is right."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[path.name]:
        raise SystemExit(f"{path.name}: sha256 {digest}, not {SHA256[path.name]}. Fetch it again.")
    return json.loads(content)


def main(arguments: Sequence[str]) -> int:
    paths = [Path(each) for each in arguments if not each.startswith("-")]
    if [each.name for each in paths] != list(SHA256):
        print(f"Give the paths of {' and '.join(SHA256)}.", file=sys.stderr)
        return 2
    content = build(*(read(path) for path in paths))
    digest = hashlib.sha256(content).hexdigest()
    manifest = MANIFEST.format(sha256=digest, size=len(content))
    if "--check" in arguments:
        same = (STATIC / "map.json").read_bytes() == content
        same = same and (STATIC / "VENDORED.toml").read_text("utf-8") == manifest
        print("map.json: as made of its sources" if same else "map.json: differs")
        return 0 if same else 1
    (STATIC / "map.json").write_bytes(content)
    (STATIC / "VENDORED.toml").write_text(manifest, "utf-8")
    print(f"map.json: {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
