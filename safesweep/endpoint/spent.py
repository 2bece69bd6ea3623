"""What a run has asked of a service under test, in words."""

from collections.abc import Mapping

from safesweep.endpoint.settings import ImagesApiSettings


def spent_text(sums: Mapping[str, float], settings: ImagesApiSettings) -> str:
    """Requests, refusals and money of a start of the run; empty where none was sent. ``sums``: those of `ENGINE_SUMS`."""
    if not sums.get("requests"):
        return ""
    money = f", {sums['money']:,.2f} spent on pictures" if settings.price_a_picture else ""
    return (
        f"{sums['requests']:,.0f} requests, {sums['refused']:,.0f} trials refused, {sums['failed']:,.0f} failed{money}"
    )


def left_text(sums: Mapping[str, float], settings: ImagesApiSettings, left: int, run_id: str) -> str:
    """What is left to do where the budget, or the service's account, is used up; empty where neither is."""
    if not sums.get("unsent"):
        return ""
    bounds = {"most_requests": settings.most_requests, "most_money": settings.most_money}
    named = (
        ", ".join(f"{name} {bound:g}" for name, bound in bounds.items() if bound is not None)
        or "of the service's account"
    )
    return (
        f"the budget is used up ({named}): {left:,} trials are left to do, and none of the others is lost; "
        f"the same command with --run_id={run_id} and a new budget goes on with them"
    )
