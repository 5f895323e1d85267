"""`baseline`: from the rows a model was fitted on, the held-out ones and its scores of these to its baseline.

Takes what `prepare` and the transform wrote: the rows to learn from (for the vocabulary of texts), features and truth
of the held-out rows, the scores, and, if it is given, the model, by which attributions can then be compared. Writes the
files that `monitor` compares windows with (`monitor.stored`, `monitor.background`), and how good the scores are by that
truth.
"""

import logging
from dataclasses import replace

from chalicelib.core import container
from training.channels import read_json_lines, read_rows, read_spec
from training.errors import ScoresError
from training.held_out import read_answers, read_held_out
from training.monitor import background, stored
from training.monitor.baseline import make
from training.monitor.expected import Expected
from training.monitor.given import read_given
from training.monitor.model_quality import describe_baseline
from training.monitor.rows import SCORE
from training.settings import Settings

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Make the baseline of the job's model.

    Raises
    ------
    InputError
        If spec, rows, truth or scores cannot be read, or do not belong together.
    ArtifactError
        If the model is given, and is not what was trained.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    held_out = read_held_out(settings.processing_input(container.TRUTH) / container.LABELS_FILE, spec)
    answers = read_answers(settings.processing_input(container.SCORES), held_out)
    features = settings.processing_input(container.TEST) / container.FEATURES_FILE
    by_id = {str(row["id"]): row for row in read_json_lines(features) if "id" in row}
    if by_id.keys() != set(held_out.ids):
        raise ScoresError(f"{features.name} does not hold the rows of {container.LABELS_FILE}")
    rows = [by_id[key] for key in held_out.ids]
    if missing := {column.name for column in spec.columns} - rows[0].keys():
        raise ScoresError(f"{features.name} lacks the columns {', '.join(sorted(missing))}")
    fitted = [row.row.columns for row in read_rows(settings.processing_input(container.TRAIN), spec)]
    made = make(spec, fitted, rows, answers.numbers, held_out.groups)
    quality = describe_baseline(held_out, answers, Expected(made.cells.edges[SCORE]))
    baseline = replace(made, quality=quality)
    behind = background.make(
        spec,
        cells=baseline.cells,
        fitted=fitted,
        rows=rows,
        answers=answers,
        groups=held_out.groups,
        model=read_given(settings, spec),
    )
    out = settings.processing_output(container.BASELINE)
    stored.write(out, baseline)
    background.write(out, behind)
    logger.info("baseline.done rows=%d groups=%d", baseline.rows, held_out.groups.count)
