"""actors/notices.py without a cluster; tests/actors/test_vlm.py and tests/jobs/test_vlm_endpoint_runs.py have it on one."""

from actors.notices import listen


def test_outside_a_run_nothing_changes(monkeypatch):
    monkeypatch.setattr("actors.notices.hear_libraries", lambda tell: 1 / 0)
    listen("diffusion", "")
    listen("diffusion", "nobody-collects")
