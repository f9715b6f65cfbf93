"""Features and explained scores of the real students, and how good they are: `make bench ARGS=risk`."""

import json
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from rollbook.core.clock import now
from rollbook.exchange.oulad import import_oulad
from rollbook.ops.work import Work, running_server, work_in
from rollbook.risk import cohort, evaluation, features, service

OULAD = Path(os.environ["ROLLBOOK_SHARED"]) / "data/oulad"
TENANT = "bench-risk"
ALL = ("2013B", "2013J", "2014B")
DAY = 56
AS_OF = date(2014, 3, 29)  # day 56 of 2014B, day 179 of 2013J
REFERENCE = (14, 28, 42, 56)  # days that the README has figures of, with clicks


def main() -> None:
    import_oulad(running_server().url, OULAD, tenant_slug=TENANT)
    made, trained, scored, evaluated = map(in_a_process, STEPS)
    figures = [
        figure(f"features of every enrollment at day {DAY}", made["seconds"], "s"),
        figure("features", made["rows"] / made["seconds"], "students/s"),
        figure("peak memory, features", made["memory"], "MB"),
        figure("training, held-out figures included", trained["seconds"], "s"),
        figure("peak memory, training", trained["memory"], "MB"),
        figure("features and scores with reasons, kept", scored["rows"] / scored["seconds"], "students/s"),
        figure("peak memory, scoring", scored["memory"], "MB"),
        figure("evaluation of every day and split", evaluated["seconds"], "s"),
        figure("peak memory, evaluation", evaluated["memory"], "MB"),
    ]
    words = note(made["rows"], scored["rows"])
    tables = evaluated["tables"]
    print(json.dumps({"name": "Risk", "note": words, "figures": figures, "tables": tables}))


def note(made: int, scored: int) -> str:
    return (
        f"{made:,} enrollments still open at day {DAY}; {scored:,} scored as of {AS_OF}."
        " BBB 2013B -> 2013J with clicks: the rows of the reference in the data's README, fitted on"
        " all courses of 2013B, and on BBB alone. The README's other references are over four presentations;"
        " only three are here, so those rows are not the same. 'Known in time' fits only on presentations"
        " that had ended by the day."
    )


def in_a_process(step: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, step], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def make(work: Work) -> dict[str, Any]:
    subjects = cohort.gather_grid(work.db, work.tenant, [DAY], ended_by=now().date())
    return {"rows": len(features.compute(work.db, subjects))}


def train(work: Work) -> dict[str, Any]:
    return {"rows": service.train(work.db, work.tenant, AS_OF).rows}


def score(work: Work) -> dict[str, Any]:
    return {"rows": service.score(work.db, work.tenant, AS_OF).subjects}


def evaluate(work: Work) -> dict[str, Any]:
    found = evaluation.evaluate(work.db, work.tenant, evaluation.Choice())
    clicks = evaluation.Choice(days=tuple(REFERENCE), courses=("BBB",), fit="2013B", test="2013J")
    begin = time.perf_counter()
    also = evaluation.evaluate(work.db, work.tenant, clicks)
    seconds = time.perf_counter() - begin
    chosen = [s for s in found.scores if not s.with_clicks and s.tested_on in {ALL, ALL[-1:]}]
    chosen += [s for s in also.scores if s.with_clicks]
    return {"less": seconds, "tables": [ranking(chosen), all_figures(chosen)]}


def ranking(scores: list[evaluation.Score]) -> dict[str, Any]:
    """A row per split and model, a column per day: AUC and the middle 95 % of its bootstrap."""
    days = sorted({score.day for score in scores})
    found: dict[tuple[str, str], dict[int, str]] = {}
    for score in scores:
        auc = score.figures["auc"]
        found.setdefault((title(score), score.model), {})[score.day] = (
            f"{auc.value:.3f} ({auc.low:.3f}-{auc.high:.3f})"
        )
    rows = [[*which, *(of.get(day, "") for day in days)] for which, of in found.items()]
    columns = ["fitted on -> tested on", "model", *(f"day {day}" for day in days)]
    return {"title": "Area under the ROC curve, with the middle 95 % of 200 resamples of students:"} | {
        "columns": columns,
        "rows": rows,
    }


def all_figures(scores: list[evaluation.Score]) -> dict[str, Any]:
    """A row per split and day: every figure of the model that is used, the ensemble."""
    used = [score for score in scores if score.model == "ensemble"]
    names = list(used[0].figures)
    rows = [
        [f"{title(s)}, day {s.day}", f"{s.rows:,}", f"{s.positives:,}"]
        + [f"{s.figures[name].value:.3f}" for name in names]
        for s in used
    ]
    columns = ["ensemble", "rows", "at risk", *(name.replace("_", " ") for name in names)]
    return {"title": "Every figure of the ensemble, which is what a tenant gets:"} | {
        "columns": columns,
        "rows": rows,
    }


def title(score: evaluation.Score) -> str:
    where = "five folds by student" if score.protocol == "grouped" else f"-> {' '.join(score.tested_on)}"
    kind = ", known in time" if "known" in score.protocol else ""
    of = f"{' '.join(score.fitted_on)} ({score.fitted_courses}) " if score.protocol != "grouped" else ""
    return f"{of}{where}{kind}, {'with' if score.with_clicks else 'no'} clicks"


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


STEPS = {"make": make, "train": train, "score": score, "evaluate": evaluate}


def run_step(name: str) -> None:
    with work_in(TENANT) as work:
        begin = time.perf_counter()
        found = STEPS[name](work)
        seconds = time.perf_counter() - begin - found.pop("less", 0.0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found | {"seconds": seconds, "memory": memory}))


if __name__ == "__main__":
    run_step(sys.argv[1]) if sys.argv[1:] else main()
