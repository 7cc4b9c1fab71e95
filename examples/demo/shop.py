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


@handlers.register(LookupError)
def not_sold_here(exc: LookupError) -> Problem:
    """Say what a failed look-up means, wherever in the domain it happens."""
    return Problem(404, detail=f"The shop does not sell {exc.args[0]}.")


def buy(item: str) -> int:
    """Return what is left of the balance."""
    cost = PRICES[item]
    if cost > BALANCE:
        raise OutOfCredit(balance=BALANCE, cost=cost, detail=f"The {item} costs {cost}, the balance is {BALANCE}.")
    return BALANCE - cost
