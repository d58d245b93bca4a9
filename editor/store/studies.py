"""Studies: what is compared, and every answer that people gave. Rows are only ever added."""

import secrets
from dataclasses import astuple, dataclass

from editor.imaging.limits import MAX_STUDY_ANSWERS
from editor.store.blobs import NotFound
from editor.store.database import Database, Transaction
from pipelines.errors import InvalidInput

UNDONE = "undone"  # the choice of an answer that takes the rater's answer to the same comparison back

_STUDIES = """SELECT study.id, name, setup, study.created, study_end.created
    FROM study LEFT JOIN study_end ON study = study.id"""
_FIELDS = "token, study, rater, comparison, question, kind, pair, left_arm, expected, choice, milliseconds"


class Closed(InvalidInput):
    """The study is closed."""


@dataclass(frozen=True)
class StudyRow:
    """A study as it is stored."""

    id: str  # the unguessable part of its link
    name: str
    setup: str  # JSON
    created: float  # seconds since 1970
    closed: float | None  # likewise; None while it is open


@dataclass(frozen=True)
class Answer:
    """A choice of one person in one comparison."""

    token: str  # made by the page: two answers with the same token are the same answer
    study: str
    rater: str  # a random token
    comparison: int  # its number in the rater's plan, from 0
    question: str  # realism or match
    kind: str  # pair, check or repeat
    pair: int  # which pair, from 0
    left_arm: int  # 0 or 1: whose picture was on the left
    expected: str | None  # the right choice of a check
    choice: str  # left, right, tie or UNDONE
    milliseconds: int  # from when both pictures were shown


class Studies:
    """The studies of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, name: str, setup: str) -> StudyRow:
        """Stores a new study under an id that cannot be guessed; raises InvalidInput when the name is taken."""
        id, now = secrets.token_hex(16), self.database.now()
        with self.database.transaction() as db:
            if db.run("SELECT id FROM study WHERE name = :name", name=name):
                raise InvalidInput(f"There is a study {name!r} already. Choose another name with --name.")
            db.run(
                "INSERT INTO study (id, name, created, setup) VALUES (:id, :name, :now, :setup)",
                id=id,
                name=name,
                now=now,
                setup=setup,
            )
        return StudyRow(id, name, setup, now, None)

    def get(self, id: str) -> StudyRow:
        """Returns a study; raises NotFound when there is none of this id."""
        row = self.database.row(f"{_STUDIES} WHERE study.id = :id", id=id)
        if row is None:
            raise NotFound("There is no such study.")
        return StudyRow(*row)

    def closed(self, id: str) -> bool:
        """Tells whether a study is closed."""
        return self.database.row("SELECT study FROM study_end WHERE study = :id", id=id) is not None

    def all(self) -> list[StudyRow]:
        """Returns all studies, the newest first."""
        return [StudyRow(*row) for row in self.database.rows(f"{_STUDIES} ORDER BY study.created DESC, study.id")]

    def close(self, id: str) -> None:
        """Closes a study for good; it takes no answers from then on."""
        with self.database.transaction() as db:
            db.run(
                "INSERT INTO study_end (study, created) VALUES (:id, :now) ON CONFLICT (study) DO NOTHING",
                id=id,
                now=self.database.now(),
            )

    def add(self, answer: Answer) -> None:
        """Stores an answer, in one commit.

        Nothing changes when it is stored already, when its comparison has another answer that stands (as from another
        tab), and when it takes back what does not stand.

        Raises:
            Closed: the study is closed.
            InvalidInput: the study has as many answers as it can take.
        """
        with self.database.transaction() as db:
            if db.run("SELECT seq FROM answer WHERE token = :token", token=answer.token):
                return
            if db.run("SELECT study FROM study_end WHERE study = :study", study=answer.study):
                raise Closed("This study is closed, so this answer was not counted. Thank you for all others.")
            if (self._standing(db, answer) is None) == (answer.choice == UNDONE):
                return
            ((count,),) = db.run("SELECT count(*) FROM answer WHERE study = :study", study=answer.study)
            if count >= MAX_STUDY_ANSWERS:
                raise InvalidInput(f"This study has {MAX_STUDY_ANSWERS:,} answers and takes no more. Thank you.")
            names = _FIELDS.split(", ")
            values: dict[str, object] = dict(zip(names, astuple(answer), strict=True))
            db.run(
                f"INSERT INTO answer ({_FIELDS}, created) VALUES ({', '.join(f':{name}' for name in names)}, :now)",
                **values,
                now=self.database.now(),
            )

    def _standing(self, db: Transaction, answer: Answer) -> str | None:
        """Returns the choice that stands for an answer's comparison."""
        rows = db.run(
            """SELECT choice FROM answer WHERE study = :study AND rater = :rater AND comparison = :comparison
            ORDER BY seq DESC LIMIT 1""",
            study=answer.study,
            rater=answer.rater,
            comparison=answer.comparison,
        )
        return None if not rows or rows[0][0] == UNDONE else str(rows[0][0])

    def answers(self, study: str, rater: str | None = None) -> list[Answer]:
        """Returns the answers that stand, of everybody or of one person: at most one a comparison, in order."""
        of_rater = "" if rater is None else " AND rater = :rater"
        values = {} if rater is None else {"rater": rater}
        standing: dict[tuple[str, int], Answer] = {}
        for row in self.database.rows(
            f"SELECT {_FIELDS} FROM answer WHERE study = :study{of_rater} ORDER BY seq", study=study, **values
        ):
            answer = Answer(*row)
            standing[answer.rater, answer.comparison] = answer
        return [answer for answer in standing.values() if answer.choice != UNDONE]
