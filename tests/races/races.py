"""The races: what must hold when many threads of many processes want the same thing at once.

`make test` runs each once on either engine, `make races` for as long as somebody has patience.
"""

from tests.races.team import Team

PLENTY = 10**12


def last_units(team: Team) -> None:
    """Exactly as many get a unit as there are."""
    everyone = len(team.racers) * team.threads
    team.referee.do("prepare", quotas={"images": 37, "cost": PLENTY, "requests": PLENTY})
    assert team.run("reserve") == {"granted": 37, "refused": everyone - 37}
    judged = team.referee.do("judge")
    assert judged["complaints"] == []
    assert judged["states"] == {"reserved": 37, "settled": 0, "released": 0}
    assert judged["reserved"] == 2 * (37 + 37 * 5 + 37)


def mixture(team: Team, *, turns: int) -> None:
    """The counters equal the ledger, however calls end: settled, released, swept, twice, or by a death."""
    limits = {"requests": PLENTY, "images": PLENTY, "tokens": PLENTY, "cost": PLENTY}
    team.referee.do("prepare", quotas=limits)
    said = team.run_with_a_death("churn", sweepers=2, busy_after=team.threads // 2, turns=turns)
    assert set(said) <= {"done", "swept", "idle"}, said
    assert said["done"] == team.threads * (len(team.racers) - 2)
    assert team.referee.do("judge")["complaints"] == []
    team.referee.do("clean_up")
    judged = team.referee.do("judge")
    assert judged["complaints"] == []
    assert judged["states"]["reserved"] == judged["reserved"] == 0
    assert judged["states"]["settled"] > 0
    assert judged["states"]["released"] > 0


def never_above_the_limit(team: Team, *, turns: int) -> None:
    """No mixture of endings lets reservations pass a limit that is nearly used up."""
    limit = len(team.racers) * team.threads // 4
    team.referee.do("prepare", quotas={"requests": limit})
    said = team.run("churn", turns=turns)
    assert set(said) <= {"done", "refused"}, said
    assert said["refused"] > 0
    judged = team.referee.do("judge")
    assert judged["complaints"] == []
    assert judged["most_used"]["requests"] <= limit


def last_places(team: Team, *, times: int) -> None:
    """Two keys of one account give exactly their places, and again once those expired."""
    keys = {"one": {"max_in_flight": 3}, "two": {"max_in_flight": 2}}
    team.referee.do("prepare", quotas={"images": PLENTY}, keys=keys)
    for _ in range(times):
        said = team.run("take_place")
        assert (said["one"], said["two"]) == (3, 2), said
        assert said.total() == len(team.racers) * team.threads
        team.referee.do("clean_up")
        judged = team.referee.do("judge")
        assert judged["complaints"] == []
        assert judged["open"] == 0


def last_of_the_day(team: Team) -> None:
    """A key makes exactly as many requests a day as it may."""
    keys = {"one": {"daily_limit": 37}}
    team.referee.do("prepare", quotas={"images": PLENTY}, keys=keys)
    everyone = len(team.racers) * team.threads
    said = team.run("take_place")
    assert said == {"one": 37, "none": everyone - 37}, said


def borrowed_places(team: Team, *, turns: int) -> None:
    """Nobody ever sees more places of a key taken than it has, also beside sweeps and a death."""
    keys = {"one": {"max_in_flight": 3}, "two": {"max_in_flight": 2}}
    team.referee.do("prepare", quotas={"images": PLENTY}, keys=keys)
    said = team.run_with_a_death("borrow_place", sweepers=1, busy_after=3, turns=turns)
    assert set(said) <= {"kept", "swept", "idle"}, said
    team.referee.do("clean_up")
    judged = team.referee.do("judge")
    assert judged["complaints"] == []
    assert judged["open"] == judged["reserved"] == 0
