"""Sign-outs: sessions of browsers that have ended before their cookies do, for every server of a store."""

from editor.store.database import Database


class SignOuts:
    """The sessions that have ended."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, session: str, lifetime: float) -> None:
        """Ends a session, and forgets those whose cookies have ended by themselves.

        Args:
            session: the id in the cookie.
            lifetime: seconds after which the cookie ends by itself, at the latest.
        """
        now = self.database.now()
        with self.database.transaction() as db:
            db.run("DELETE FROM signed_out WHERE until < :now", now=now)
            db.run(
                "INSERT INTO signed_out (session, until) VALUES (:session, :until) ON CONFLICT (session) DO NOTHING",
                session=session, until=now + lifetime,
            )  # fmt: skip

    def all(self) -> set[str]:
        """Returns their ids."""
        return {session for (session,) in self.database.rows("SELECT session FROM signed_out")}
