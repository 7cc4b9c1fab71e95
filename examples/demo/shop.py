"""What both apps share: a small domain, and what its errors mean over HTTP. No framework is imported here."""

from __future__ import annotations

from errbridge import Handlers, Problem

PRICES = {"tea": 3, "piano": 4000}
BALANCE = 30

handlers = Handlers()


class OutOfCredit(Problem, status=402, title="Out of credit", type="https://example.com/problems/out-of-credit"):
    """The balance of the account does not cover the cost."""

    balance: int
    cost: int


class NotSoldError(Exception):
    """The shop does not have the item. An exception of the domain, which knows nothing about HTTP."""


@handlers.register(NotSoldError)
def not_sold_here(exc: NotSoldError) -> Problem:
    """Return what it means over HTTP, wherever it is raised."""
    return Problem(404, detail=f"The shop does not sell {exc}.")


def buy(item: str) -> int:
    """Return what is left of the balance."""
    if item not in PRICES:
        raise NotSoldError(item)
    cost = PRICES[item]
    if cost > BALANCE:
        raise OutOfCredit(balance=BALANCE, cost=cost, detail=f"The {item} costs {cost}, the balance is {BALANCE}.")
    return BALANCE - cost
