"""What a run against a service will take, as a table."""

from rich.console import Console

from safesweep.reports.service_plan import ServicePlan, budget_advice, service_plan_table

PLAN = ServicePlan(1200, 600, 2, 900, 4500, 36.0, 1.5, 3e6)


def shown(plan):
    console = Console(width=90, record=True)
    console.print(service_plan_table(plan, url="http://h/v1", bytes_per_pixel=1.8))
    return console.export_text()


def test_requests_money_and_hours():
    text = shown(PLAN)
    for said in ("1,200", "at once  ", "900", "4,500", "36.00", "1.50", "3.0 MB", "http://h/v1"):
        assert said in text
    without = shown(PLAN._replace(money=None, hours=None))
    assert "money" not in without and "hours" not in without and "4,500" in without


def test_a_budget_that_does_not_suffice_is_told():
    assert budget_advice(PLAN, 900, 36.0) == budget_advice(PLAN, None, None) == []
    [requests, money] = budget_advice(PLAN, 400, 30.0)
    assert "takes 3 starts" in requests and "less than 6.00 is refused" in money
