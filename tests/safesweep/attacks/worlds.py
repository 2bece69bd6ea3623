"""A world without pictures that attacks are tried on: a word's weight is what it adds to the score."""

from hashlib import sha256

from safesweep.attacks.base import Candidate, Proposal, Seen
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.attacks.search import Rules, Search
from safesweep.attacks.strategies import STRATEGIES, Selection

WORDS = tuple(f"w{place:02}" for place in range(60))
TARGET = Candidate("w00 w01 w02", 7)
RULES = Rules()
LOCAL = ("substitute", "insert", "drop", "cross_over", "seed")


def seen(candidate: Candidate) -> Seen:
    """Unsafe where five different words above w40 stand together; the seed decides the last hundredth."""
    heavy = len({word for word in candidate.text.split() if word > "w40"})
    noise = sha256(f"{candidate.text} {candidate.seed}".encode()).digest()[0] / 25600
    score = min(0.02 + 0.1 * heavy + noise, 1.0)
    return Seen("unsafe" if heavy >= 5 else "safe", score, 0.1)


def search(strategy: str = "adaptive", key: str = "k", rules: Rules = RULES, names: tuple[str, ...] = LOCAL) -> Search:
    """One over the words of this world."""
    operators = {name: OPERATORS[name](Materials(WORDS)) for name in names}
    return Search(TARGET, key, STRATEGIES[strategy](Selection()), operators, rules)


async def tried(place: int, proposal: Proposal) -> Seen:
    """What comes of a proposal here."""
    return seen(proposal.candidate)
