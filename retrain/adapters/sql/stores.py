"""Opens the stores of retraining, in the database that serving uses."""

from dataclasses import dataclass
from pathlib import Path

from rag.adapters.sql.stores import Stores
from retrain.adapters.sql.candidates import SqlCandidates
from retrain.adapters.sql.datasets import SqlDatasets
from retrain.adapters.sql.gate import SqlAnchors, SqlGateLooks
from retrain.adapters.sql.promotions import SqlApprovals, SqlPromotions


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrainStores:
    """The stores of retraining, over one database."""

    datasets: SqlDatasets
    candidates: SqlCandidates
    approvals: SqlApprovals
    promotions: SqlPromotions
    gate_looks: SqlGateLooks
    anchors: SqlAnchors


def open_retrain_stores(stores: Stores, home: Path) -> RetrainStores:
    """Return the stores of retraining over serving's database; datasets' content goes below `home`."""
    return RetrainStores(
        datasets=SqlDatasets(stores.engine, home / "datasets"),
        candidates=SqlCandidates(stores.engine),
        approvals=SqlApprovals(stores.engine),
        promotions=SqlPromotions(stores.engine),
        gate_looks=SqlGateLooks(stores.engine),
        anchors=SqlAnchors(stores.engine),
    )
