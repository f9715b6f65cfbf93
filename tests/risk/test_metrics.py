"""The figures agree with scikit-learn's, whatever the ties, and do not hang on the order of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from rollbook.risk.calibration import choose_calibration
from rollbook.risk.confidence import fit_confidence
from rollbook.risk.ensemble import probability
from rollbook.risk.metrics import evaluate, figure_names
from rollbook.risk.model import Cuts
from rollbook.risk.models import RiskCategory
from rollbook.risk.scoring import rank

SUBJECTS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=60).filter(
    lambda rows: len({at_risk for at_risk, _ in rows}) == 2
)


@given(rows=SUBJECTS)
def test_figures_agree_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    at_risk = np.array([float(a) for a, _ in rows])
    scores = np.array([s / 6 for _, s in rows])
    found = evaluate(at_risk, scores, [str(n) for n in range(len(rows))])

    assert found["auc"].value == pytest.approx(roc_auc_score(at_risk, scores))
    assert found["average_precision"].value == pytest.approx(average_precision_score(at_risk, scores))
    assert found["brier"].value == pytest.approx(brier_score_loss(at_risk, scores))


@given(rows=SUBJECTS, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[bool, int]], seed: int) -> None:
    at_risk = np.array([float(a) for a, _ in rows])
    scores = np.array([s / 6 for _, s in rows])
    names = np.array([f"{n:03}" for n in range(len(rows))])
    order = np.random.default_rng(seed).permutation(len(rows))

    one = evaluate(at_risk, scores, names.tolist())
    other = evaluate(at_risk[order], scores[order], names[order].tolist())

    for name in figure_names():
        if name != "ece":  # ties may fall into two bins
            assert one[name].value == pytest.approx(other[name].value)


def test_the_first_pages_of_the_list_are_counted_by_hand() -> None:
    at_risk = np.array([1.0, 0, 1, 1] + [0.0] * 16)
    scores = np.linspace(0.9, 0.1, 20)

    found = evaluate(at_risk, scores, [str(n) for n in range(20)])

    assert found["precision_at_5"].value == 1
    assert found["recall_at_5"].value == pytest.approx(1 / 3)
    assert found["precision_at_20"].value == 0.75
    assert found["recall_at_20"].value == 1


def test_a_perfectly_calibrated_list_has_no_error() -> None:
    at_risk = np.array([1.0, 0] * 50)

    assert evaluate(at_risk, np.full(100, 0.5), [str(n) for n in range(100)])["ece"].value == 0


def test_a_student_is_resampled_whole() -> None:
    at_risk, scores = np.array([1.0, 0] * 30), np.linspace(0.2, 0.8, 60)

    one_student = evaluate(at_risk, scores, ["A"] * 60)

    assert one_student["auc"].low == one_student["auc"].value == one_student["auc"].high


def test_no_figure_where_all_ended_alike() -> None:
    assert evaluate(np.ones(5), np.linspace(0, 1, 5), list("ABCDE"))["auc"].value is None


def test_calibration_is_chosen_by_rows_held_out() -> None:
    draw = np.random.default_rng(1)
    true = draw.normal(size=4000)
    at_risk = (draw.random(4000) < probability(true)).astype(float)
    halves = [(np.arange(2000), np.arange(2000, 4000))]

    good, _ = choose_calibration(true, at_risk, halves)
    boastful, scores = choose_calibration(3 * true + 1, at_risk, halves)

    assert good.method == "none"
    assert boastful.method == "sigmoid"
    assert scores["sigmoid"] < scores["none"]


def test_confidence_is_high_where_one_answer_is_rare() -> None:
    scores = np.linspace(0, 1, 200)
    confidence = fit_confidence(scores, (scores > 0.5).astype(float))

    sure, unsure = confidence.of(np.array([0.99, 0.5]))

    assert sure > 0.95
    assert unsure <= 1
    assert confidence.of(np.array([0.01]))[0] > 0.95


def test_equal_scores_keep_the_order_of_the_cohort() -> None:
    assert rank(np.array([0.5, 0.9, 0.5, 0.9])).tolist() == [3, 1, 4, 2]


@pytest.mark.parametrize(
    ("score", "place", "category"),
    [
        (0.9, 5, RiskCategory.CRITICAL),
        (0.9, 6, RiskCategory.HIGH),
        (0.9, 20, RiskCategory.HIGH),
        (0.9, 21, RiskCategory.MEDIUM),
        (0.3, 1, RiskCategory.MEDIUM),
        (0.19, 1, RiskCategory.LOW),
    ],
)
def test_categories_are_cut_by_capacity_and_risk(score: float, place: int, category: RiskCategory) -> None:
    assert Cuts.around(0.2).category(score, place, 100) is category
