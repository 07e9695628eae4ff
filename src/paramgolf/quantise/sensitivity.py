"""How much the loss minds an error in each row and column of a tensor: its mean squared gradients.

The mean of squared gradients is the diagonal of the empirical Fisher matrix (LeCun, Denker and Solla 1989, optimal
brain damage, with the Fisher matrix in place of the Hessian); rows and columns alone are kept, of which it is nearly
the outer product (Shazeer and Stern 2018, arXiv:1804.04235).
"""

from collections.abc import Mapping

from torch import Tensor, nn

from paramgolf.quantise.grids import Sensitivity, as_rows

# Squared gradients are averaged over about so many steps, of which one in EVERY is looked at: a look costs a
# fiftieth of a small model's step.
HORIZON, EVERY = 100, 4


class SensitivityMeter:
    """Averages squared gradients over the last steps; the gradients have to be those of all ranks together."""

    def __init__(self) -> None:
        self._means: dict[str, Tensor] = {}

    def observe(self, model: nn.Module) -> None:
        """Take in the gradients of one step."""
        for name, parameter in model.named_parameters():
            if parameter.grad is None:
                continue
            squares = as_rows(parameter.grad).square()
            for side, mean in (("rows", squares.mean(1)), ("columns", squares.mean(0))):
                # Begins at zero: all means are too small by one factor at first, and only their ratios count.
                self._means.setdefault(f"{name}/{side}", mean.new_zeros(mean.shape)).lerp_(
                    mean, EVERY / HORIZON
                )

    def state(self) -> dict[str, Tensor]:
        """What `load` takes back."""
        return dict(self._means)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there; the tensors become the meter's."""
        self._means = dict(state)

    def sensitivities(self) -> dict[str, Sensitivity]:
        """By parameter; in units of the mean over all weights, so that 1 is an average weight."""
        names = [key.removesuffix("/rows") for key in self._means if key.endswith("/rows")]
        sides = {name: (self._means[f"{name}/rows"], self._means[f"{name}/columns"]) for name in names}
        weights = sum(len(rows) * len(columns) for rows, columns in sides.values())
        mean = sum(float(rows.mean()) * len(rows) * len(columns) for rows, columns in sides.values()) / max(
            weights, 1
        )
        return {
            name: Sensitivity(rows=rows / (mean or 1.0), columns=columns / (mean or 1.0))
            for name, (rows, columns) in sides.items()
        }
