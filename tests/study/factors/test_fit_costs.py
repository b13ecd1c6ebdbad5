"""What models cost, as chapter 07 shows it."""

import pandas as pd
import pytest

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.study.factors.fit_costs import fit_costs


def test_seconds_are_summed_and_memory_is_what_the_fit_added(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    with pytest.raises(UserError, match=r"model-costs\.csv is not there; run: make bench"):
        fit_costs()
    rows = {"fit_seconds": [1.5, 0.25], "recommend_seconds": [0.5, 0.25]}
    rows |= {"start_mb": [400, 400], "peak_mb": [450, 400], "fingerprint": ["a", "a"]}
    (tmp_path / "results").mkdir()
    pd.DataFrame(rows).to_csv(tmp_path / "results" / "model-costs.csv", index=False)
    found = fit_costs()
    assert found["seconds"].tolist() == [2.0, 0.5]
    assert found["memory"].tolist() == [50, 1]


def test_stored_costs_are_of_the_data_that_the_chapter_was_computed_with():
    said = set(fit_costs()["fingerprint"])
    assert len(said) == 1
    chapter = (project.root() / "chapters" / "07-factors.ipynb").read_text("utf-8")
    assert f"fingerprint `{said.pop()}`" in chapter
