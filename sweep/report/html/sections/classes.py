"""What the ratio does to each class, and to classes with few labelled pixels."""

from __future__ import annotations

from markupsafe import Markup

from sweep.curves.digits import decimals, fixed, interval_text
from sweep.enumeration import enumerated
from sweep.report.cells import arm_label
from sweep.report.class_effects import GAP, ClassEffect, ClassEffects, class_effects
from sweep.report.html.class_chart import class_chart, class_legend
from sweep.report.html.known import NARROW, WIDE, Known
from sweep.report.html.templating import render


def classes(known: Known) -> Markup:
    """Chart of the two thirds, then a table of all classes; a sentence where no pixels were counted."""
    table = known.newest
    effects = class_effects(known.state, table.rung) if table.rows else None
    if effects is None:
        return render("classes.html", effects=None)
    charts = {
        kind: class_chart(effects, width=width, name=f"classes-{kind}")
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    }
    return render(
        "classes.html",
        effects=effects,
        verdict=_verdict(effects),
        chart={**charts, "title": "", "legend": class_legend()} if charts["wide"] else None,
        arms=[(arm_label(table, row), row.is_baseline) for row in effects.arms],
        groups=[_row(effects, one) for one in effects.groups],
        classes=[_row(effects, one) for one in effects.classes],
        survivors=[arm_label(table, row) for row in effects.arms if row.lost_to_stopping],
        has_intervals=any(one.differences for one in effects.classes),
        least_common=min(
            (one.pixel_share for one in effects.classes if one.name in effects.common), default=0
        ),
        most_rare=max((one.pixel_share for one in effects.classes if one.name in effects.rare), default=0),
    )


def _verdict(effects: ClassEffects) -> str:
    """Whether rare classes fare otherwise than common ones, and which classes differ."""
    if not any(one.differences for one in effects.classes):
        return (
            "No arm was trained with several seeds, so the noise of single classes is unknown and no effect "
            "on any of them can be shown."
        )
    shown = [one.name for one in effects.classes if any(one.is_shown(row.arm) for row in effects.arms)]
    said = (
        f"An effect is shown on {enumerated(shown)}." if shown else "No effect on any single class is shown."
    )
    if unlearnt := [one.name for one in effects.classes if not one.is_learnt]:
        said += f" No arm comes to an IoU of 1 % on {enumerated(unlearnt)}: nothing can be told of that."
    gap = next((one for one in effects.groups if one.name == GAP), None)
    if gap is None or not gap.differences:
        return said
    if not (arms := [row.arm for row in effects.arms if gap.is_shown(row.arm)]):
        return f"{said} That rare classes fare otherwise than common ones is not shown."
    worst = max(arms, key=lambda arm: abs(gap.differences[arm].value))
    found = gap.differences[worst]
    value, low, high = interval_text(abs(found.value), *_absolute(found.simultaneous_interval))
    side = "lose more (or gain less)" if found.value < 0 else "lose less (or gain more)"
    return f"{said} Rare classes {side} than common ones: by {value} points ({low} to {high}) with {worst}."


def _absolute(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (low, high) if low + high > 0 else (-high, -low)


def _row(effects: ClassEffects, one: ClassEffect) -> dict[str, object]:
    margins = [found.simultaneous_margin for found in one.differences.values()]
    places = min((decimals(margin, most=1) for margin in margins), default=1)
    return {
        "name": one.name,
        "share": one.pixel_share,
        "cells": [_cell(one, row.arm, places) for row in effects.arms],
    }


def _cell(one: ClassEffect, arm: str, places: int) -> dict[str, object]:
    mean, found = one.means.get(arm), one.differences.get(arm)
    if mean is None:
        return {"iou": "-", "difference": "", "margin": "", "kind": ""}
    if found is None:
        return {"iou": fixed(mean, places), "difference": "", "margin": "", "kind": ""}
    kind = ("worse" if found.value < 0 else "better") if one.is_shown(arm) else "unshown"
    return {
        "iou": fixed(mean, places),
        "difference": fixed(found.value, places, signed=True),
        "margin": f"± {fixed(found.simultaneous_margin, places)}",
        "kind": kind,
    }
