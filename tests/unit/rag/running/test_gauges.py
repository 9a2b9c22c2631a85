"""What a service shows of its present state."""

from dataclasses import replace

from rag.running.gauges import IndexState, ServiceState, gauges

STATE = ServiceState(
    epoch=3,
    release="a" * 64,
    encoder="b" * 64,
    index=IndexState(lag=2, passages=120, calibrated=100),
    breaker_open=True,
    spool_bytes=10,
    spool_limit_bytes=100,
    running=4,
    queued=5,
)


def test_everything_that_is_known_is_shown() -> None:
    """Each field has its gauge; a release is one gauge with its digests as labels."""
    shown = {name: values for name, (_, values) in gauges(STATE).items()}
    assert shown == {
        "deployment_epoch": {(): 3},
        "breaker_open": {(): 1},
        "spool_bytes": {(): 10},
        "spool_limit_bytes": {(): 100},
        "questions_running": {(): 4},
        "questions_queued": {(): 5},
        "index_lag_changes": {(): 2},
        "index_passages": {(): 120},
        "calibrated_passages": {(): 100},
        "release_info": {(("release", "a" * 16), ("encoder", "b" * 16)): 1},
    }


def test_what_nobody_can_say_is_left_out() -> None:
    """A lag of 0 while the database is away would look as if all were well."""
    shown = gauges(replace(STATE, index=IndexState(), release="", encoder=""))
    assert shown.keys().isdisjoint(
        {"index_lag_changes", "index_passages", "release_info", "calibrated_passages"}
    )
