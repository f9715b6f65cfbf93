"""Every room's tables in one metadata, for Alembic and for the tests that compare models to migrations."""

import rollbook.access.models
import rollbook.accounts.models
import rollbook.accounts.models_factors
import rollbook.accounts.models_grants
import rollbook.accounts.models_keys
import rollbook.accounts.models_providers
import rollbook.accounts.models_tries
import rollbook.activity.models
import rollbook.attendance.models
import rollbook.audit.models
import rollbook.conduct.models
import rollbook.core.tenancy
import rollbook.curriculum.models
import rollbook.curriculum.models_lessons
import rollbook.grades.models
import rollbook.intake.models
import rollbook.ops.models
import rollbook.privacy.models
import rollbook.research.models
import rollbook.risk.models
import rollbook.roster.models
import rollbook.roster.models_calendar
import rollbook.roster.models_families  # noqa: F401 - imported for the tables they declare
from rollbook.core.schema import Base

metadata = Base.metadata
