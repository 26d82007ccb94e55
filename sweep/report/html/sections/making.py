"""How it was made, and how to make it again: commands, versions, ids, specs, files."""

from __future__ import annotations

from markupsafe import Markup

from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.moments import time_words
from sweep.spec.document import yaml_text


def making(known: Known) -> Markup:
    """The last section."""
    created = known.state.created
    return render(
        "making.html",
        name=created.name,
        is_imported=known.state.provenance == "imported",
        ids={
            "sweep id": created.sweep_id,
            "protocol id": f"{created.protocol_id} (scores of one protocol may be compared)",
            "regime id": f"{created.regime_id} (trials of one regime may be ranked)",
            "git revision": created.git_revision or "none",
            "started": time_words(created.time),
        },
        versions=created.versions,
        spec=yaml_text(created.spec),
        spec_text=created.spec_text,
        files=known.files,
    )
