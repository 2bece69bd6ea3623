"""Tests that start a cluster stay in one group of pytest-xdist's."""

from tests.conftest import pytest_collection_modifyitems
from tests.marks import STARTS_RAY


def test_a_group_that_xdist_writes_into_an_items_id_is_read(request, monkeypatch):
    """As ``xdist.remote`` does it; a pytest that does not read it spreads the group over all workers."""
    grouped = f"{request.node.nodeid}@ray"
    monkeypatch.setattr(request.node, "_nodeid", grouped, raising=False)
    assert request.node.nodeid == grouped


@STARTS_RAY
def test_what_starts_a_cluster_is_of_the_group(request):
    assert [mark.args for mark in request.node.iter_markers("xdist_group")] == [("ray",)]


def test_what_starts_none_is_of_no_group(request):
    assert not list(request.node.iter_markers("xdist_group"))
    pytest_collection_modifyitems([request.node])
    assert not list(request.node.iter_markers("xdist_group"))
