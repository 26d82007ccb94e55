"""The fair comparison as a table for LaTeX, in the form of booktabs."""

from __future__ import annotations

import re

from sweep.curves.digits import decimals, fixed, interval_text
from sweep.report.cells import arm_label, header, metrics_of, number
from sweep.report.tables import ArmRow, FairTable

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{one: f"\\{one}" for one in "&%$#_{}"},
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def latex_table(table: FairTable) -> str:
    r"""A `table` with caption and label; it needs `\usepackage{booktabs}`, and compiles in UTF-8.

    Means and differences have the digits that the noise allows. A comment alone where nobody has reached the
    rung.
    """
    if not table.rows:
        return f"% sweep {_comment(table.sweep)}: no trial has reached iteration {table.rung}.\n"
    metrics = list(metrics_of(table))
    headings = [header(table)[0], "seeds", *metrics, f"difference in {table.metric}"]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_caption(table)}}}",
        rf"  \label{{tab:{_label(table)}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(headings) - 1)}}}",
        r"    \toprule",
        f"    {_row(headings)}",
        r"    \midrule",
        *(f"    {_arm(table, row, metrics)}" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_SPECIAL.get(letter, letter) for letter in " ".join(text.split()))


def _caption(table: FairTable) -> str:
    noise = (
        f"the noise is a prior, sd {number(table.noise.sd)}"
        if table.noise.source == "prior"
        else "shown: bold"
    )
    words = (
        f"{table.sweep}: means and standard deviations over seeds at iteration {table.rung}, in percent; "
        f"differences from the baseline with 95 % intervals that hold for all arms at once ({noise})."
    )
    return latex_text(words)


def _label(table: FairTable) -> str:
    """Of letters, digits and hyphens alone."""
    return re.sub(r"[^A-Za-z0-9]+", "-", table.sweep).strip("-") + f"-{table.rung}"


def _comment(text: str) -> str:
    """In one line."""
    return " ".join(text.split())


def _row(cells: list[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"


def _arm(table: FairTable, row: ArmRow, metrics: list[str]) -> str:
    spreads = {"val_miou": row.miou, "val_aacc": row.aacc, table.metric: row.judged}
    places = decimals(table.noise.sd / max(row.seeds, 1) ** 0.5)
    seeds = str(row.seeds) if row.seeds == row.planned_seeds else f"{row.seeds} of {row.planned_seeds}"
    values = []
    for metric in metrics:
        spread = spreads[metric]
        sd = "" if spread.sd is None else rf" $\pm$ {fixed(spread.sd, places)}"
        values.append(f"{fixed(spread.mean, places)}{sd}")
    cells = [latex_text(arm_label(table, row)), seeds, *values, _difference(row)]
    return " & ".join(cells) + r" \\"


def _difference(row: ArmRow) -> str:
    if row.is_baseline:
        return "baseline"
    if row.difference is None:
        return "--"
    found = row.difference
    value, low, high = interval_text(found.value, *found.simultaneous_interval, signed=True)
    bold = rf"\mathbf{{{value}}}" if found.is_shown else value
    return f"${bold}$ (${low}$ to ${high}$)"
