"""whetstone promote, rollback, threshold and collect."""

import click


@click.command()
@click.argument("candidate")
@click.option("--ticket", hidden=True, help="Id of a promotion that was asked for over HTTP.")
@click.option("--principal", hidden=True, help="Who asked for it over HTTP.")
def promote(candidate: str, ticket: str | None, principal: str | None) -> None:
    """Build the approved candidate's index, verify it, and switch to it without a pause.

    May be stopped and started again: it goes on where it was.
    """
    from flows.bootstrap import open_doors
    from flows.environment import load_flow, terminal_principal

    with open_doors() as doors:
        candidate = doors.retraining.candidates.get(candidate).id
    epoch = load_flow("promote_release", quiet=True)(
        candidate_id=candidate, principal=principal or terminal_principal(), ticket=ticket
    )
    click.echo(f"switched: epoch {epoch}; back with: whetstone rollback")


@click.command()
@click.option("--reason", default="", help="Why; kept in the audit trail.")
@click.option("--ticket", hidden=True, help="Id of a rollback that was asked for over HTTP.")
@click.option("--principal", hidden=True, help="Who asked for it over HTTP.")
def rollback(reason: str, ticket: str | None, principal: str | None) -> None:
    """Switch back to the previous release; a second time switches forward again."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from flows.ops.terminal import progress
    from rag.releases.deployed import deployed

    with open_doors() as doors, progress() as show:
        doors.promotion.promoter.rollback(
            principal=principal or terminal_principal(), reason=reason, progress=show, promotion_id=ticket
        )
        epoch = deployed(doors.rag.stores.releases).epoch
    click.echo(f"switched back: epoch {epoch}")


@click.command()
@click.argument("value", type=float, required=False)
def threshold(value: float | None) -> None:
    """Show from which support on questions are answered, or change it: a probability, 0 refuses nothing.

    Takes effect within seconds, over the same index and with the same model; `whetstone rollback` still goes back to
    the release before. A candidate that was judged beside another threshold has to be evaluated again.
    """
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from rag.releases.deployed import deployed
    from rag.releases.renewing import answer_from
    from rag.releases.standing import standing

    with open_doors() as doors:
        stores = doors.rag.stores
        if value is not None:
            answer_from(stores.releases, stores.leases, value, principal=terminal_principal())
        now = standing(stores.releases, stores.documents)
        epoch = deployed(stores.releases).epoch
    click.echo(f"answered from support {now.threshold:g} on (epoch {epoch})")
    click.echo(f"calibrated: {now.sentence()}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def collect(dry_run: bool) -> None:
    """Remove indexes, encoders, cross-encoders and cached embeddings that nothing needs any more."""
    from flows.environment import load_flow

    for line in load_flow("collect_garbage", quiet=True)(dry_run=dry_run) or ["nothing to remove"]:
        click.echo(line)
