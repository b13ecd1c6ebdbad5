"""What is known of held-out items is counted over pairs, group by group."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation.splits import Split
from nexttrack.study import protocol
from nexttrack.study.comparison.held_out import known_of_answers


def test_shares_are_of_held_out_pairs(monkeypatch, made):
    dataset = made("playlists")  # users 0 to 29 are thinned, the others whole
    tracks = dataset.tracks.assign(genres=[[]] + [["a"]] * 49)
    tracks.loc[[1, 2], "energy"] = np.nan
    seen, out = np.zeros((60, 50), np.float32), np.zeros((60, 50), np.float32)
    seen[:, 3:] = 1
    seen[5, 4], out[5, 4] = 0, 1
    seen[40, 3], out[40, [0, 1, 2, 3]] = 0, 1
    seen, out = csr_matrix(seen), csr_matrix(out)
    monkeypatch.setattr(
        "nexttrack.data.dataset.Dataset.load", lambda name: replace(dataset, tracks=tracks)
    )
    monkeypatch.setattr(protocol, "split", lambda dataset: Split(seen, out, seen, out))
    found = known_of_answers("playlists")
    assert found.index.tolist() == ["playlists, thinned", "playlists, whole"]
    assert found["users"].tolist() == [1, 1] and found["pairs"].tolist() == [1, 4]
    assert found["genre"].tolist() == pytest.approx([1, 3 / 4])
    assert found["audio"].tolist() == pytest.approx([1, 2 / 4])
    assert found["new"].tolist() == pytest.approx([0, 3 / 4])
