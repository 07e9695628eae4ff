"""The techniques of a run that act at its moments, a module each, in the order in which they act.

A new one is a module here, a line below, and its fields of the recipe.
"""

from paramgolf.train.phases.averaging import Averaging
from paramgolf.train.phases.calibration import Calibration
from paramgolf.train.phases.looping import Looping
from paramgolf.train.phases.mixer import MixerTraining
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.phases.rounding import Rounding
from paramgolf.train.phases.sampled_softmax import SampledSoftmax

__all__ = ["PHASES", "Moment", "Phase"]

# The mixer first: it decides which text the others read, and learns beside the model of the step before. Averaging
# before calibration: the model that is measured is the one that is left.
PHASES: tuple[type[Phase], ...] = (
    MixerTraining,
    Looping,
    SampledSoftmax,
    Rounding,
    Averaging,
    Calibration,
)
