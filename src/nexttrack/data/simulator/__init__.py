"""A simulated world of listeners and tracks: what the sample edition is made of.

`World` is the truth, to be asked; `write_sources` writes it as raw files of all five sources.
"""

from nexttrack.data.simulator.audio import fit_audio_by_genre
from nexttrack.data.simulator.raw_form import write_sources
from nexttrack.data.simulator.world import Exposures, Listeners, Taste, World

__all__ = ["Exposures", "Listeners", "Taste", "World", "fit_audio_by_genre", "write_sources"]
