"""What can be wrong with a day, a cohort or a model."""

from rollbook.core.errors import Conflict, Invalid, NotFound


class NoSections(Invalid):
    """Tenant '{tenant}' has no sections yet: import or make some first."""


class BeforeData(Invalid):
    """{as_of} lies before the first section of tenant '{tenant}', which starts on {first}."""


class CohortEmpty(Invalid):
    """Nobody in tenant '{tenant}' is enrolled in a running section and undecided on {as_of}."""


class NoOutcomes(Invalid):
    """No section of tenant '{tenant}' has ended with known results by {as_of}: nothing to learn."""


class NoneAtRisk(Invalid):
    """Nobody in tenant '{tenant}' is known by {as_of} to have failed or withdrawn: nothing to learn."""


class AllAtRisk(Invalid):
    """All in tenant '{tenant}' are known by {as_of} to have failed or withdrawn: nothing to learn."""


class TooFewOutcomes(Invalid):
    """Students of tenant '{tenant}' who ended {kind} by {as_of}: {students}. At least {least} are needed."""


class NothingKnown(Invalid):
    """Every feature of tenant '{tenant}' is empty for everyone as of {as_of}: nothing to learn from."""


class ModelNotTrained(NotFound):
    """Tenant '{tenant}' has no trained model. Train one with `rollbook risk train --as-of {as_of}`."""


class ModelOutdated(Conflict):
    """Model {model} knows feature set {was}, not {now}: run `rollbook risk train` again."""


class ModelDamaged(Conflict):
    """The stored text of model {model} is not the one that was trained: run `rollbook risk train` again."""


class PresentationUnknown(NotFound):
    """There is no presentation or term '{code}' in tenant '{tenant}'; it has {known}."""


class CourseUnknown(NotFound):
    """There is no course '{code}' in tenant '{tenant}'; it has {known}."""


class NothingToEvaluate(Invalid):
    """Tenant '{tenant}' has no rows with a known result at the days {days}: there is nothing to evaluate."""


class DaysInvalid(Invalid):
    """'{days}' is not a list of days after the start such as 14,28,56."""
