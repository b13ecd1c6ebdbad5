"""``nexttrack other-splits``: the tuned models on further splits; ``results/other-splits.csv``.

``make tune`` runs it after the search, as it takes the settings that were chosen. What it finds is
kept after each split. Rows of other data stay.
"""

import pandas as pd
from rich.console import Console

from nexttrack import project
from nexttrack.atomic import write_file


def other_splits() -> None:
    """Measure the tuned models on other splits, in some ten minutes; results/other-splits.csv."""
    from nexttrack.data.dataset import fingerprint
    from nexttrack.evaluation.other_splits import COLUMNS, measured
    from nexttrack.evaluation.other_splits import other_splits as other_splits_of
    from nexttrack.evaluation.tuned_comparison import DATASETS, chosen, load

    path = project.root() / "results" / "other-splits.csv"
    print_of_data = fingerprint(project.edition())
    columns = [*COLUMNS, "fingerprint"]
    kept = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)
    tables = [kept[kept["fingerprint"] != print_of_data]]
    console = Console(stderr=True)
    for name in DATASETS:
        dataset = load(name)
        splits, label = other_splits_of(dataset), lambda split, name=name: f"{name}, {split}"
        for rows in measured(dataset, splits, chosen(name), label):
            tables.append(rows.assign(fingerprint=print_of_data))
            table = pd.concat([one for one in tables if len(one)])
            write_file(path, table.to_csv(index=False, lineterminator="\n").encode())
            best = rows.loc[rows["mean"].idxmax()]
            console.print(f"{name}, {best['split']}: {best['model']} {best['mean']:.4f}")
