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
# What one step keeps of the last; 1 would never forget.
Decay = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class TokenizerRecipe:
    """What the tokenizer learns from the training text."""

    kind: Annotated[
        Literal["bpe", "unigram"],
        '"bpe": merges of the commonest pairs (Sennrich et al. 2016); "unigram": pieces with probabilities, '
        "and the likeliest way to spell a text (Kudo 2018).",
    ] = "bpe"
    vocab_size: Annotated[
        int,
        Field(ge=FIRST_LEARNT, le=LARGEST_VOCABULARY),
        "Ids of the tokenizer: 256 bytes, the end of a document, and what it learns; 257 is the byte-level "
        "tokenizer.",
    ] = 1024
    case: Annotated[
        bool,
        "Capitals become operators in front of lower-case words; the operators are tokens and are charged.",
    ] = False


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """How much goes into a step and how the learning rate ends."""

    sequence_length: Annotated[Count, "Tokens of one training sequence."] = 1024
    batch_tokens: Annotated[Count, "Tokens of one step, over all processes."] = 524_288
    micro_batch_tokens: Annotated[
        Count,
        "Tokens of one forward and backward pass of one process, on a CPU at most 16,384; a step accumulates "
        "as many as it needs.",
    ] = 65_536
    products: Annotated[
        Literal["float", "float32", "int8"],
        'What blocks and loss multiply: "float" as the device does it best; "float32" also where it '
        'multiplies bfloat16, so that machines compare; or "int8", integers of 8 bits, where that is faster: '
        "on GPUs, and on CPUs with VNNI that do not multiply bfloat16.",
    ] = "float"
    softmax_sample: Annotated[
        CountOrZero,
        "What a target is learnt against: so many tokens of the vocabulary, drawn anew for every step; 0: "
        "all.",
    ] = 0
    warmdown_steps: Annotated[
        CountOrZero,
        "The learning rate falls over the last so many steps' worth of time or budget.",
    ] = 1200
    warmdown_fraction: Annotated[
        Share | None,
        "The same as a share of the run; it counts where it is given.",
    ] = None
    warmdown_shape: Annotated[
        Literal["linear", "cosine", "sqrt"],
        'How it falls: "linear", "cosine" (Loshchilov and Hutter 2017), or "sqrt", 1 - sqrt(share) (Haegele '
        "et al. 2024).",
    ] = "linear"
    learning_rate_floor: Annotated[Share, "The share of the learning rate that it falls to."] = 0.0
    ramp: Annotated[
        tuple[tuple[Share, Count, Count], ...],
        "Until a share of the run, sequences and batches are of other sizes: (share, sequence_length, "
        "batch_tokens) each.",
    ] = ()
    loop_from: Annotated[
        Share | None,
        "Until this share of the run each block runs once, then in model.order (record "
        "2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6).",
    ] = None
    average_from: Annotated[
        Share | None,
        "What a run leaves is the mean of the weights from this share of it on (Izmailov et al. 2018).",
    ] = None
    average_decay: Annotated[
        Decay | None,
        "What a step keeps of that mean, which makes it a running one (EMA); not given, all steps count the "
        "same.",
    ] = None
    quantise_from: Annotated[
        Share | None,
        "From this share of the run on, weights are rounded in the forward pass as packing will round them.",
    ] = None
    mixer_tokens: Annotated[
        int,
        Field(ge=0, le=MOST_MIXER_TOKENS),
        "Tokens at the beginning of the training text that are kept from the model: the mixer of [adapt] "
        "learns its first weights from them, inside the clock. 0: it begins with the weights of [adapt].",
    ] = 0
    mixer_from: Annotated[
        Share,
        "Where so much of the run is over; it takes at most half of what is left of a clock.",
    ] = 0.9
    rounding: Annotated[
        Literal["nearest", "noise"],
        'How: to the "nearest" point of the grid; or not, but with "noise" of the size of a step (record '
        "2026-03-21_DepthRecurrence_MixedPrecisionQuant), so that weights do not drift inside their cells.",
    ] = "nearest"
    calibration: Annotated[
        Literal["training", "generated"],
        "Where weights are rounded with feedback, what they are applied to is measured after the last step, "
        'inside the clock: on "training" text, or on text that the model has "generated" itself.',
    ] = "training"
    calibration_tokens: Annotated[Count, "Tokens of that text."] = 65_536
    tokens: Annotated[
        Count | None,
        "How long to train where the challenge sets neither a clock nor a number of tokens.",
    ] = None
    compile: Annotated[
        bool,
        "Compile the blocks and the loss with torch.compile, outside the training clock.",
    ] = True
    cpu_processes: Annotated[
        CountOrZero,
        "Single-thread processes on a CPU; 0: one for each core that a batch divides among.",
    ] = 0
    checkpoint_seconds: Annotated[Rate, "Seconds between checkpoints."] = 60.0

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

    matrix_learning_rate: Annotated[Rate, "Muon's rate, for the matrices of the blocks."] = 0.04
    embedding_learning_rate: Annotated[Rate, "Adam's rate for the token embedding."] = 0.05
    table_learning_rate: Annotated[Rate, "Adam's rate for hashed n-gram tables."] = 0.05
    vector_learning_rate: Annotated[Rate, "Adam's rate for vectors and scalars."] = 0.04
    momentum: Annotated[Decay, "Muon's momentum: what a step keeps of the one before."] = 0.95
    momentum_start: Annotated[Decay, "Where the momentum starts."] = 0.85
    momentum_warmup_steps: Annotated[CountOrZero, "Steps over which it grows from there."] = 500
    newton_schulz_steps: Annotated[
        Count,
        "Iterations that make an update orthogonal (Jordan et al. 2024).",
    ] = 5
    newton_schulz: Annotated[
        Literal["quintic", "polar_express"],
        'Whose coefficients those take: "quintic", or "polar_express" (Amsel et al. 2025).',
    ] = "quintic"
    equalise_rows: Annotated[
        bool,
        "Rows of the momentum get one length before they are made orthogonal (MuonEq-R).",
    ] = False
    neuron_decay: Annotated[
        Decay | None,
        "What is kept of each row's second moment, by whose root updates are divided (NorMuon, Li et al. "
        "2025).",
    ] = None
    weight_decay: Annotated[
        Rate,
        "Share of a matrix of the blocks that a step takes away, times the learning rate.",
    ] = 0.0
    weight_decay_taper_from: Annotated[
        Share | None,
        "From this share of the run on the weight decay falls linearly.",
    ] = None
    weight_decay_end: Annotated[Share, "To this share of itself."] = 0.5
    betas: Annotated[
        tuple[Decay, Decay],
        "What Adam keeps of its first and second moments at each step.",
    ] = (0.9, 0.95)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One TOML file; see the module."""

    name: Annotated[str, "The file's name."]
    title: Annotated[str, "One line on what the recipe is."] = ""
    tokenizer: TokenizerRecipe = field(default_factory=TokenizerRecipe)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    optimizer: OptimizerRecipe = field(default_factory=OptimizerRecipe)
    weights: dict[str, QuantisationScheme] = field(default_factory=dict)
    fill: Annotated[
        bool,
        "Coarsen or refine all steps by one factor so that the artifact fills the cap, but for those of the "
        'rules "max", "ternary" and "binary".',
    ] = False
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
