"""What the pages hold that are seen before anybody is signed in."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context

__all__ = ["NoRolePage", "PasswordPage", "SignInPage", "SignedOutPage"]


class SignInPage(Context, frozen=True, kw_only=True):
    """The form to sign in. `provider`: who else vouches for users; empty where nobody does.
    `next_path`: where it goes on to. `links`: whether a printed link opens this board too.
    """

    template: ClassVar[str] = "sign_in"
    window: ClassVar[str] = "Sign in"

    form_token: str
    next_path: str
    provider: str
    links: bool
    name: str = ""
    refusal: str = ""


class PasswordPage(Context, frozen=True, kw_only=True):
    """The form with which a user sets a password. `token`: that of the link."""

    template: ClassVar[str] = "password"
    window: ClassVar[str] = "Set a password"

    form_token: str
    token: str
    name: str
    shortest: int
    refusal: str = ""


class SignedOutPage(Context, frozen=True, kw_only=True):
    """After signing out. `provider`: where one is signed in still, with the address to leave it."""

    template: ClassVar[str] = "signed_out"
    window: ClassVar[str] = "Signed out"

    provider: str
    leave: str


class NoRolePage(Context, frozen=True, kw_only=True):
    """Whom to ask, for somebody who is signed in and may see nothing here."""

    template: ClassVar[str] = "no_role"
    window: ClassVar[str] = "No role"

    contact: str
