"""What the chapters share of how they measure."""

import numpy as np
from scipy.sparse import csr_matrix

from nexttrack.evaluation import weak_generalization
from nexttrack.study.protocol import fewer_asked


def test_the_sample_edition_asks_some_users_and_learns_from_all():
    user_items = csr_matrix(np.ones((1_500, 6), dtype=np.float32))
    split = weak_generalization(user_items, seed=1)
    assert fewer_asked(split, "published") is split
    fewer = fewer_asked(split, "sample")
    assert (np.diff(fewer.validation_out.indptr) > 0).sum() == 600
    assert fewer.validation_in is split.validation_in
    kept = np.flatnonzero(np.diff(fewer.validation_out.indptr))
    assert (fewer.validation_out[kept] != split.validation_out[kept]).nnz == 0
