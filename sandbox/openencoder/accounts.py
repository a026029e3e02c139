"""Users: two that the sandbox makes, and those that register."""

import hashlib
import secrets

from sandbox.openencoder.records import Row, Table
from sandbox.store import Store

LONGEST = 128


class User(Row):
    """An account."""

    username: str
    password: str
    role: str = "guest"
    active: bool = True
    force_password_reset: bool = False

    def shown(self) -> dict[str, object]:
        """Return what the API tells of a user."""
        return {"id": self.id, "username": self.username, "role": self.role, "active": self.active}

    def has_password(self, password: str) -> bool:
        """Say whether this is the user's password."""
        salt = self.password.partition(":")[0]
        return secrets.compare_digest(self.password, hashed(password, salt))


def hashed(password: str, salt: str | None = None) -> str:
    """Return what is kept of a password. Few rounds: it guards generated passwords in a private file."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}:{hashlib.pbkdf2_hmac('sha256', password.encode(), salt.encode(), 1000).hex()}"


class Users:
    """The table of users."""

    def __init__(self, store: Store) -> None:
        self.table = Table(store, "openencoder.users", User)

    def find(self, username: str) -> User | None:
        """Return the user of that name."""
        return next((user for user in self.table if user.username == username), None)

    def add(self, username: str, password: str, role: str = "guest") -> User | None:
        """Return a new user; None where the database refuses (the name is taken, or too long)."""
        if self.find(username) or not fits(username):
            return None
        return self.table.save(User(id=self.table.next_id(), username=username, password=hashed(password), role=role))

    def ensure(self, username: str, password: str, role: str) -> None:
        """Make a user unless there is one."""
        if self.find(username) is None:
            self.add(username, password, role)

    def require_reset(self, username: str, required: bool) -> None:
        """Say whether the user must change the password before the next login."""
        user = self.find(username)
        if user is not None:
            user.force_password_reset = required
            self.table.save(user)


def fits(text: str, longest: int = LONGEST) -> bool:
    """Say whether a column of the database takes the text."""
    return len(text) <= longest and "\0" not in text
