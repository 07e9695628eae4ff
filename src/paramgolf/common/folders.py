"""Names of files in the folders and archives that several packages write and read."""

# A run's folder.
DATA = "data"
VALIDATION = "validation.jsonl"
MANIFEST = "manifest.json"
LOG = "log.jsonl"
TRAINING = "training.json"
ARTIFACT = "model.pyz"
RESULT = "result.json"

# Members of an artifact.
ENTRY_MODULE = "entry.py"
CONFIG = "config.json"
TOKENIZER = "tokenizer.bin"
WEIGHTS = "weights.bin"

# An entry's folder; the papers of its seeds have the names that they have in their runs.
ENTRY = "entry.toml"
README = "README.md"
RECIPE = "recipe.toml"

# What the judge leaves in an entry's folder.
VERDICT = "verdict.json"
VERDICT_PAGE = "verdict.html"
