"""What the control plane and the container agree on: channels, files, content types and environment variables.

Both sides import this one file, so that a name cannot drift. Paths are relative to the channel's or output's folder.
"""

JSON_LINES = "application/jsonlines"
JSON = "application/json"

# Processing inputs and outputs live under this folder of the container (AWS's convention).
PROCESSING_DIR = "/opt/ml/processing"

# Channels: processing inputs and training channels.
RAW = "raw"  # uploaded files, as they came
SPEC = "spec"  # one file, SPEC_FILE
TRAIN = "train"  # ROWS_FILE
VALIDATION = "validation"  # ROWS_FILE
TEST = "test"  # FEATURES_FILE of the held-out rows
TRUTH = "truth"  # LABELS_FILE of the held-out rows
SCORES = "scores"  # what the batch transform wrote, one or more *.out files of JSON Lines
SUMMARY = "summary"  # one file, SUMMARY_FILE
MODEL = "model"  # one file, the model.tar.gz of the challenger, or of the model whose baseline or window it is
# Of the models a challenger is compared with, where there are any: their scores of the same held-out rows, and the
# digests of what they were fitted, tuned and calibrated on (INPUTS_FILE, GROUPS_FILE).
CHAMPION_SCORES = "champion-scores"
CHAMPION_SEEN = "champion-seen"
ANCHOR_SCORES = "anchor-scores"
ANCHOR_SEEN = "anchor-seen"

# Captured requests with their answers, and labels that came later, both in SageMaker's layout; a manifest brings each.
# Inputs of `prepare`, where labelled requests are to be learnt from, and of a drift check.
CAPTURE = "capture"
GROUND_TRUTH = "ground-truth"

# Of a drift check: the baseline's files, and WINDOW_FILE.
BASELINE = "baseline"
WINDOW = "window"

# Folder of `prepared` with the digests of the training and validation rows together.
SEEN = "seen"

# Outputs of processing jobs.
PREPARED = "prepared"
EVALUATION = "evaluation"
SHARDS = "shards"
MONITORING = "monitoring"

SPEC_FILE = "spec.json"
ROWS_FILE = "rows.jsonl"  # {"id", <columns>, <target>, "group"}
FEATURES_FILE = "features.jsonl"  # {"id", <columns>}: no label, what the transform scores
# {"id", "label", "group", "inputs": the row's digest in INPUTS_FILE, in hexadecimal, "source": the raw file's name}
LABELS_FILE = "labels.jsonl"
INPUTS_FILE = "inputs.npy"  # sorted 64-bit digests of the rows' inputs, without group and label
GROUPS_FILE = "groups.npy"  # sorted 64-bit digests of the rows' groups
# {"content_digest", "rows": {...}, "rejected": [...], "refused", "refused_files": [...]}: the data cannot be used where
# `refused` (a reason: the rows together) is not null or `refused_files` (each {"file", "reason"}) is not empty.
# Where there were labels that came later, "feedback" says what became of them (see `training/ground_truth.py`).
SUMMARY_FILE = "summary.json"
# {"file", "line", "reason"} of every row set aside; of a captured one "file" is "feedback", "line" counts the rows that
# were joined, and "inference_id" and "index" say which it is.
REJECTED_FILE = "rejected.jsonl"
EVALUATION_FILE = "evaluation.json"  # SageMaker's model-quality layout
REPORT_FILE = "report.html"  # an evaluation, or a drift check, for people

BASELINE_FILE = "baseline.json"

WINDOW_FILE = "window.json"
STATISTICS_FILE = "statistics.json"
VIOLATIONS_FILE = "constraint_violations.json"  # SageMaker's layout
# {"verdict": "drift", "no drift" or "not enough data", "p_value", "level", "reasons", "metrics": {name: finite number}}
VERDICT_FILE = "verdict.json"

# How a processing job's exit message begins when it is the data that cannot be used, and not the job that is broken.
REFUSED = "refused: "

# Set in the model's Environment, answered in every response body.
MODEL_VERSION = "FRESHET_MODEL_VERSION"
