"""The page of a fit: one file that opens anywhere and asks nothing of a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from asylumatlas.calibrate import drawings
from asylumatlas.calibrate.drawings import plain
from asylumatlas.calibrate.profiles import Profile, identifiability
from asylumatlas.calibrate.result import Fit
from asylumatlas.disk import store_whole
from asylumatlas.markup import figure, table
from asylumatlas.report.document import document


def write(fit: Fit, path: str | Path, *, title: str, profiles: Sequence[Profile] = ()) -> Path:
    """Write the page of a fit.

    Args:
        fit: the fit.
        path: the HTML file.
        title: what was fitted.
        profiles: profile likelihoods, where they were made.

    Raises:
        OSError: it cannot be written; nothing is left of it then.
    """
    store_whole(Path(path), render(fit, title, profiles).encode("utf-8"))
    return Path(path)


def render(fit: Fit, title: str, profiles: Sequence[Profile] = ()) -> str:
    """Return the page as HTML."""
    state = "" if fit.converged else '<p class="alarm">Not converged. Use none of this yet.</p>'
    warnings = "".join(f"<li>{escape(each)}</li>" for each in fit.warnings)
    warnings = f'<ul class="findings">{warnings}</ul>' if warnings else ""
    body = "".join(
        (
            _learnt(fit),
            _told(fit, profiles),
            _met(fit),
            _chains(fit),
            _reproduction(fit),
        )
    )
    claim = "A model fitted to published totals. It says nothing about any person."
    return document(
        title,
        body,
        above="Asylum Atlas · fit report",
        below=f'<p class="banner">{claim}</p>\n{state}{warnings}',
        footer=f"Problem <code>{escape(fit.fingerprint)}</code>, seed {fit.seed}. ",
    )


def _learnt(fit: Fit) -> str:
    """Before and after, by unknown."""
    levels = fit.quantiles((0.025, 0.5, 0.975))
    told = identifiability(fit)
    rows = [
        (
            plain(name),
            f"{_short(fit.prior.low[k])} to {_short(fit.prior.high[k])}",
            _short(levels[1, k]),
            f"{_short(levels[0, k])} to {_short(levels[2, k])}",
            f"{told.unknowns[k].width:.2f}",
            told.unknowns[k].verdict,
        )
        for k, name in enumerate(fit.names)
    ]
    head = ("unknown", "range before", "median after", "95 % after", "width", "verdict")
    caption = "Unknowns before and after; width: standard deviation after over before"
    data = table(caption, head, rows, (2, 4))
    said = (
        "Dashed: before the targets were seen. Bars: after. Where both agree, nothing was learnt."
    )
    return f"<h2>What was learnt</h2>{figure(drawings.learnt(fit), said, data)}"


def _told(fit: Fit, profiles: Sequence[Profile]) -> str:
    """What the targets cannot tell apart."""
    told = identifiability(fit)
    said = told.sentences() or ["No unknown kept its range, and no two trade off strongly."]
    parts = ["<h2>What the data cannot tell</h2><ul class='findings'>"]
    parts += [f"<li>{escape(plain(each))}</li>" for each in said]
    parts.append("</ul>")
    if profiles:
        rows = [
            (
                plain(each.name),
                " to ".join(map(_short, each.interval())),
                _short(each.grid[int(each.log_likelihood.argmax())]),
                "flat: not told" if each.flat else "told on one side or both",
            )
            for each in profiles
        ]
        data = table("Profile likelihoods", ("unknown", "95 %", "best", "verdict"), rows, (2,))
        words = (
            "Most that the other unknowns can make of each value, as log likelihood below the best "
            "of all. A curve that stays above the dashed line allows its whole range."
        )
        parts.append(f"<h3>Profiles</h3>{figure(drawings.profiled(profiles), words, data)}")
    ties = [
        (plain(each.name), plain(each.partner), f"{each.correlation:.2f}") for each in told.unknowns
    ]
    head = ("unknown", "most tied to", "correlation")
    return "".join(parts) + table("Strongest partner of each unknown", head, ties, (2,))


def _met(fit: Fit) -> str:
    """The targets, fitted and held out."""
    low, middle, high = np.quantile(fit.answers, [0.025, 0.5, 0.975], axis=0)
    rows = [
        (
            label,
            "held out" if held else "fitted",
            _short(value),
            _short(sd),
            f"{_short(middle[k])} ({_short(low[k])} to {_short(high[k])})",
            unit,
            source,
        )
        for k, (label, held, value, sd, unit, source) in enumerate(
            zip(
                fit.targets.labels, fit.targets.held, fit.targets.values, fit.targets.sd,
                fit.targets.units, fit.targets.sources, strict=True,
            )
        )
    ]  # fmt: skip
    head = ("target", "use", "figure", "sd", "fitted (95 %)", "unit", "source")
    data = table("Targets", head, rows, (2, 3))
    said = "Thick: 80 % of the answers; thin: 95 %. Answers beyond five are drawn at the edge."
    return f"<h2>How the targets are met</h2>{figure(drawings.met(fit), said, data)}"


def _chains(fit: Fit) -> str:
    """Waves, R-hat, effective draws."""
    waves = [
        (str(k + 1), f"{wave.threshold:.1f}", f"{wave.share:.3f}", f"{wave.left:.2g}", wave.worst)
        for k, wave in enumerate(fit.waves)
    ]
    head = ("wave", "threshold", "share that went on", "of all left", "ruled out most")
    first = table("History matching, wave by wave", head, waves, (0, 1, 2, 3))
    rows = [
        (
            plain(name),
            f"{fit.r_hat[k]:.3f}",
            f"{fit.effective[k]:,.0f}",
            f"{fit.times[k]:.0f}",
        )
        for k, name in enumerate(fit.names)
    ]
    names = ("unknown", "R-hat", "effective draws", "autocorrelation time (steps)")
    data = table("Agreement of the chains", names, rows, (1, 2, 3))
    said = "The ensembles should lie on each other right of the dotted line."
    return f"<h2>How it was found</h2>{first}{figure(drawings.mixed(fit), said, data)}"


def _reproduction(fit: Fit) -> str:
    """Seeds, sizes, versions, time."""
    rows = [
        ("problem", fit.fingerprint),
        ("seed", str(fit.seed)),
        ("ensembles, walkers, steps", f"{fit.ensembles}, {fit.walkers}, {fit.steps:,}"),
        ("moves taken", f"{100 * fit.accepted:.0f} %"),
        ("draws kept", f"{len(fit.samples):,}"),
        ("where the discrepancy was never trained", f"{100 * fit.outside:.1f} % of draws"),
        ("time", f"{fit.seconds:,.1f} s"),
        *fit.versions.items(),
    ]
    return f"<h2>To do it again</h2>{table('What the draws depend on', ('what', 'value'), rows)}"


def _short(value: float) -> str:
    return f"{float(value):,.4g}"
