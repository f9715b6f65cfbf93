"""One student about whom there is something in every table, with strings that nobody else has."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from demo.districts import fill
from risk.lists import add_model
from rollbook.access.grants import grant
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import add_user
from rollbook.audit.reading import Reason, disclose
from rollbook.conduct.models import DisciplineIncident, IncidentParticipant
from rollbook.core.by_hand import revise
from rollbook.core.encryption import seal_version
from rollbook.core.tenancy import Tenant, sign
from rollbook.intake.models import Import, IntakeReject, SourceRecord
from rollbook.privacy.about import TABLES
from rollbook.risk.models import FeedbackType, Prediction, StudentFeatures, TrainingFeedback
from rollbook.roster.guardians import Person, Tie, add_guardian
from rollbook.roster.models import Student

DAY: Final = date(2026, 5, 4)
NOTED: Final = datetime(2026, 5, 4, 12, tzinfo=UTC)
# Each is the student's, or is told only of the student: none may be left after an erasure.
STRINGS: Final = {
    "number": "QX-77120",
    "first_name": "Zebulon",
    "last_name": "Quixotewicz",
    "former_name": "Quillfeather",
    "email": "zebulon.quixotewicz@oak.example",
    "phone": "555-0177-4242",
    "address": "9 Xylophone Court",
    "source_id": "sis-90210-zq",
    "source_fact": "locker 4711-zq",
    "reject": "Quixotewicz; Zebulon",
    "guardian_phone": "555-0188-9999",
    "guardian_mail": "mother.of.zq@oak.example",
    "note": "asked for help with zq-algebra",
    "reason": "zq was ill with mumps",
    "account": "zq.student@oak.example",
    "purpose": "to Mrs Quixotewicz, who asked",
}

ENCRYPTED: Final = frozenset({"phone", "address", "guardian_phone", "guardian_mail"})
EXCUSED: Final = text(
    "UPDATE attendance_records SET status = 'excused', reason = :reason, known_at = now()"
    " WHERE student_id = :id AND date = (SELECT max(date) FROM attendance_records WHERE student_id = :id)"
)


@dataclass(frozen=True)
class Cast:
    """The student, a classmate, and their people."""

    student_id: UUID
    classmate_id: UUID
    mother: User
    father_id: UUID
    account: User
    incident_id: UUID
    shared_incident_id: UUID


def keep_subject(db: Session, tenant: Tenant) -> Cast:
    """Fill the tenant with a small district, and make one of its students the subject."""
    fill(db, tenant, 24)
    first, second = db.scalars(
        select(Student).order_by(_incidents().desc(), Student.student_number).limit(2)
    ).all()
    _name(db, first)
    mother, father_id = _family(db, tenant, first)
    account = _account(db, tenant)
    alone, shared = _incidents_of(db, tenant, first, second)
    db.execute(EXCUSED, {"reason": STRINGS["reason"], "id": first.student_id})
    _estimate(db, tenant, first)
    _sources(db, tenant, first)
    sign(db, user_id=mother.user_id)
    disclose(db, [first.student_id], Reason("GET /students/{student_id}", "guardian", STRINGS["purpose"]))
    sign(db)
    return Cast(first.student_id, second.student_id, mother, father_id, account, alone, shared)


def _incidents() -> Any:  # noqa: ANN401 -- a scalar subquery
    of = select(IncidentParticipant.incident_id).where(IncidentParticipant.student_id == Student.student_id)
    return select(text("count(*)")).select_from(of.correlate(Student).subquery()).scalar_subquery()


def _name(db: Session, student: Student) -> None:
    told = {name: STRINGS[name] for name in ("first_name", "email", "phone", "address")}
    key = {"tenant_id": student.tenant_id, "student_id": student.student_id}
    names = seal_version(TABLES["students"], key, told)
    revise(student, student_number=STRINGS["number"], last_name=STRINGS["former_name"], **names)
    db.flush()
    revise(student, last_name=STRINGS["last_name"])
    db.flush()


def _family(db: Session, tenant: Tenant, student: Student) -> tuple[User, UUID]:
    key = (db, tenant.tenant_id, student.student_id)
    mother = _user(db, tenant, Role.GUARDIAN, "mother@oak.example", "Maria Quixotewicz")
    mother_id = add_guardian(
        *key,
        Person("QG-1", "Maria", STRINGS["last_name"], STRINGS["guardian_mail"], STRINGS["guardian_phone"]),
        Tie("mother", 1),
    )
    db.execute(
        text("UPDATE guardians SET user_id = :user WHERE guardian_id = :id"),
        {"user": mother.user_id, "id": mother_id},
    )
    father_id = add_guardian(
        *key, Person("QG-2", "Piotr", STRINGS["last_name"], "piotr@oak.example", "555-0166"), Tie("father", 2)
    )
    return mother, father_id


def _user(db: Session, tenant: Tenant, role: Role, email: str, name: str) -> User:
    return add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=email,
        full_name=name,
        role=role,
        password="correct horse battery",
    )


def _account(db: Session, tenant: Tenant) -> User:
    user = _user(db, tenant, Role.STUDENT, STRINGS["account"], "Zebulon Quixotewicz")
    grant(db, user, GrantScope.STUDENT, STRINGS["number"], reason="own record")
    return user


def _incidents_of(db: Session, tenant: Tenant, student: Student, other: Student) -> tuple[UUID, UUID]:
    made = []
    for part in ((student,), (student, other)):
        incident = DisciplineIncident(
            tenant_id=tenant.tenant_id,
            incident_on=DAY,
            incident_type="disruption",
            severity_level=1,
            description="Zebulon threw zq-chalk" if len(part) == 1 else "a quarrel of two",
        )
        db.add(incident)
        db.flush()
        db.add_all(
            IncidentParticipant(
                tenant_id=tenant.tenant_id,
                incident_id=incident.incident_id,
                student_id=each.student_id,
                participant_role="other",
            )
            for each in part
        )
        db.flush()
        made.append(incident.incident_id)
    return made[0], made[1]


def _estimate(db: Session, tenant: Tenant, student: Student) -> None:
    model = add_model(db, tenant, "m-privacy")
    reason = {
        "factor": "work",
        "weight": 0.7,
        "value": 3,
        "description": "3 of 5 assignments were not handed in",
    }
    score = Prediction(
        tenant_id=tenant.tenant_id,
        student_id=student.student_id,
        as_of=DAY,
        risk_score=0.71,
        risk_category="high",
        confidence=0.8,
        rank=1,
        cohort_size=24,
        risk_factors=[reason | {"recommendation": "Sit down together."}],
        model_version=model,
        feature_set_version="1",
    )
    features = StudentFeatures(
        tenant_id=tenant.tenant_id,
        student_id=student.student_id,
        feature_date=DAY,
        feature_set_version="1",
        feature_vector={"work_missing": 3},
    )
    db.add_all([score, features])
    db.flush()
    db.add(
        TrainingFeedback(
            tenant_id=tenant.tenant_id,
            prediction_id=score.prediction_id,
            student_id=student.student_id,
            feedback_type=FeedbackType.TRUE_POSITIVE,
            educator_notes=STRINGS["note"],
        )
    )
    db.flush()


def _sources(db: Session, tenant: Tenant, student: Student) -> None:
    record: dict[str, Any] = {"tenant_id": tenant.tenant_id, "source": "oneroster", "record_type": "users"}
    db.add(
        SourceRecord(
            **record,
            source_id=STRINGS["source_id"],
            entity_type="students",
            entity_id=student.student_id,
            facts={"locker": STRINGS["source_fact"]},
        )
    )
    db.add(
        SourceRecord(
            **record | {"record_type": "userProfiles"},
            source_id="profile-1",
            facts={"userSourcedId": STRINGS["source_id"], "vendor": "zq-vendor"},
        )
    )
    brought = Import(
        tenant_id=tenant.tenant_id,
        format="csv students",
        format_key="csv",
        source="sis",
        who="it",
        file_name="students.csv",
        sha256="0" * 64,
    )
    db.add(brought)
    db.flush()
    line = {"student_number": STRINGS["number"], "name": STRINGS["reject"]}
    db.execute(
        insert(IntakeReject).values(
            tenant_id=tenant.tenant_id,
            import_id=brought.import_id,
            file="students.csv",
            line=7,
            value_class="letters",
            reason="is no day",
            cause="birth_date: is no day",
            fields=line,
        )
    )
