"""A recipe: everything an entrant decides, as one TOML file of plain fields.

    [tokenizer]  [model]  [training]  [optimizer]  [weights.GROUP]  [predict]  [learn]  [adapt]

The command line adds only what is not the entrant's craft: paths, seed, challenge.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from paramgolf.corpus.token_shards import LARGEST_VOCABULARY
from paramgolf.errors import ConfigError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.runtime.mixer.state import AdaptConfig
from paramgolf.runtime.predictor import PredictConfig
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.runtime.tokenizer.base import FIRST_LEARNT
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS, PrecisionGroup, precision_groups

MOST_MIXER_TOKENS = 10_000_000  # they are held in memory

# Rules whose steps are so coarse that weights trained through them drift inside the cells.
COARSE_RULES = {"ternary", "binary"}

Count = Annotated[int, Field(ge=1)]
CountOrZero = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
# What one step keeps of the last; 1 would keep everything for ever.
Decay = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class TokenizerRecipe:
    """What the tokenizer learns from the training text."""

    # "bpe": merges of the commonest pairs (Sennrich et al. 2016); "unigram": pieces with probabilities, and the
    # likeliest way to spell a text (Kudo 2018).
    kind: Literal["bpe", "unigram"] = "bpe"
    # Ids of the tokenizer: 256 bytes, the end of a document, and what it learns; 257 is the byte-level tokenizer.
    vocab_size: Annotated[int, Field(ge=FIRST_LEARNT, le=LARGEST_VOCABULARY)] = 1024
    # Capitals become operators in front of lower-case words; the operators are tokens and are charged.
    case: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """How much goes into a step and how the learning rate ends."""

    # Tokens of one training sequence.
    sequence_length: Count = 1024
    # Tokens of one step, over all processes.
    batch_tokens: Count = 524_288
    # Tokens of one forward and backward pass of one process, on a CPU at most 16,384; a step accumulates as many as it
    # needs.
    micro_batch_tokens: Count = 65_536
    # What blocks and loss multiply: "float" as the device does it best; "float32" also where it multiplies bfloat16, so
    # that machines compare; or "int8", integers of 8 bits (products.py), where that is faster: on GPUs, and on CPUs
    # with VNNI that do not multiply bfloat16.
    products: Literal["float", "float32", "int8"] = "float"
    # What a target is learnt against: so many tokens of the vocabulary, drawn anew for every step; 0: all.
    softmax_sample: CountOrZero = 0
    # The learning rate falls over the last so many steps' worth of time or budget.
    warmdown_steps: CountOrZero = 1200
    # The same as a share of the run; it counts where it is given.
    warmdown_fraction: Share | None = None
    # How it falls: "linear", "cosine" (Loshchilov and Hutter 2017), or "sqrt", 1 - sqrt(share) (Haegele et al. 2024).
    warmdown_shape: Literal["linear", "cosine", "sqrt"] = "linear"
    # The share of the learning rate that it falls to.
    learning_rate_floor: Share = 0.0
    # Until a share of the run, sequences and batches are of other sizes: (share, sequence_length, batch_tokens) each.
    ramp: tuple[tuple[Share, Count, Count], ...] = ()
    # Until this share of the run each block runs once, then in model.order (record
    # 2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6).
    loop_from: Share | None = None
    # What a run leaves is the mean of the weights from this share of it on (Izmailov et al. 2018).
    average_from: Share | None = None
    # What a step keeps of that mean, which makes it a running one (EMA); not given, all steps count the same.
    average_decay: Decay | None = None
    # From this share of the run on, weights are rounded in the forward pass as packing will round them.
    quantise_from: Share | None = None
    # Tokens at the beginning of the training text that are kept from the model: the mixer of [adapt] learns its first
    # weights from them, inside the clock. 0: it begins with the weights of [adapt].
    mixer_tokens: Annotated[int, Field(ge=0, le=MOST_MIXER_TOKENS)] = 0
    # Where so much of the run is over; it takes at most half of what is left of a clock.
    mixer_from: Share = 0.9
    # How: to the "nearest" point of the grid; or not, but with "noise" of the size of a step (record
    # 2026-03-21_DepthRecurrence_MixedPrecisionQuant), so that weights do not drift inside their cells.
    rounding: Literal["nearest", "noise"] = "nearest"
    # Where weights are rounded with feedback, what they are applied to is measured behind the last step, inside the
    # clock: on "training" text, or on text that the model has "generated" itself.
    calibration: Literal["training", "generated"] = "training"
    # Tokens of that text.
    calibration_tokens: Count = 65_536
    # How long to train where the challenge sets neither a clock nor a number of tokens.
    tokens: Count | None = None
    # Compile the blocks and the loss with torch.compile, outside the training clock.
    compile: bool = True
    # Single-thread processes on a CPU; 0: one for each core that a batch divides among.
    cpu_processes: CountOrZero = 0
    # Seconds between checkpoints.
    checkpoint_seconds: Rate = 60.0

    def __post_init__(self) -> None:
        if self.average_decay is not None and self.average_from is None:
            raise ConfigError(
                "training.average_decay needs average_from, the share of the run where averaging begins"
            )
        if self.rounding == "noise" and self.quantise_from is None:
            raise ConfigError(
                "training.rounding 'noise' needs quantise_from, the share of the run where it begins"
            )
        for share, length, batch_tokens in self.ramp:
            if self.sequence_length % length or batch_tokens % self.sequence_length:
                raise ConfigError(
                    f"training.ramp: until {share} of the run sequences of {length} and {batch_tokens} tokens a step; "
                    f"the one must divide sequence_length {self.sequence_length}, the other be a multiple of it"
                )
        shares = [share for share, _, _ in self.ramp]
        if shares != sorted(set(shares)):
            raise ConfigError(f"training.ramp: shares are {shares}; each must be larger than the one before")
        if self.batch_tokens % self.sequence_length or self.micro_batch_tokens % self.sequence_length:
            raise ConfigError(
                f"training.batch_tokens {self.batch_tokens} and micro_batch_tokens {self.micro_batch_tokens} must "
                f"be multiples of sequence_length {self.sequence_length}"
            )


@dataclass(frozen=True, kw_only=True)
class OptimizerRecipe:
    """Muon for the matrices of the blocks, Adam for embeddings, tables and vectors."""

    # Muon's rate, for the matrices of the blocks.
    matrix_learning_rate: Rate = 0.04
    # Adam's rate for the token embedding.
    embedding_learning_rate: Rate = 0.05
    # Adam's rate for hashed n-gram tables.
    table_learning_rate: Rate = 0.05
    # Adam's rate for vectors and scalars.
    vector_learning_rate: Rate = 0.04
    # Muon's momentum: what a step keeps of the one before.
    momentum: Decay = 0.95
    # Where the momentum starts.
    momentum_start: Decay = 0.85
    # Steps over which it grows from there.
    momentum_warmup_steps: CountOrZero = 500
    # Iterations that make an update orthogonal (Jordan et al. 2024).
    newton_schulz_steps: Count = 5
    # Whose coefficients those take: "quintic", or "polar_express" (Amsel et al. 2025).
    newton_schulz: Literal["quintic", "polar_express"] = "quintic"
    # Rows of the momentum get one length before they are made orthogonal (MuonEq-R).
    equalise_rows: bool = False
    # What is kept of each row's second moment, by whose root updates are divided (NorMuon, Li et al. 2025).
    neuron_decay: Decay | None = None
    # Share of a matrix of the blocks that a step takes away, times the learning rate.
    weight_decay: Rate = 0.0
    # From this share of the run on the weight decay falls linearly.
    weight_decay_taper_from: Share | None = None
    # To this share of itself.
    weight_decay_end: Share = 0.5
    # What Adam keeps of its first and second moments at each step.
    betas: tuple[Decay, Decay] = (0.9, 0.95)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One TOML file; see the module."""

    # The file's name.
    name: str
    # One line on what the recipe is.
    title: str = ""
    tokenizer: TokenizerRecipe = field(default_factory=TokenizerRecipe)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    optimizer: OptimizerRecipe = field(default_factory=OptimizerRecipe)
    weights: dict[str, QuantisationScheme] = field(default_factory=dict)
    # Coarsen or refine all steps by one factor so that the artifact fills the cap, but for those of the rules "max",
    # "ternary" and "binary".
    fill: bool = False
    predict: PredictConfig = field(default_factory=PredictConfig)
    learn: LearnConfig = field(default_factory=LearnConfig)
    adapt: AdaptConfig = field(default_factory=AdaptConfig)

    def scheme(self, group: str) -> QuantisationScheme:
        """How a group of matrices is quantised; int8 by row where the recipe says nothing."""
        return self.weights.get(group, QuantisationScheme())

    def schemes(self) -> dict[str, QuantisationScheme]:
        """How each group of matrices is quantised."""
        return {group: self.scheme(group) for group in PRECISION_GROUPS}

    def groups(self) -> dict[str, PrecisionGroup]:
        """The group of weights that each tensor of the model is of, by name."""
        with torch.device("meta"):
            return precision_groups(LanguageModel(self.model))

    def is_no_model_unrounded(self) -> bool:
        """Whether training leaves weights that say nothing before they are rounded: it went through coarse steps."""
        rules = {scheme.rule for scheme in self.schemes().values()}
        rounded = self.training.quantise_from is not None and self.training.rounding == "nearest"
        return rounded and bool(rules & COARSE_RULES)

    @property
    def repaired(self) -> bool:
        """Whether artifacts have patches."""
        return any(scheme.repair_rank for scheme in self.weights.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as JSON would hold it."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain
