"""whetstone retrain, candidates, approve and reject."""

import click


@click.command()
@click.option("--reason", default="asked for by hand", help="Why; kept with the run.")
@click.option("--estimate", is_flag=True, help="Only say what asking the language model would cost.")
def retrain(reason: str, estimate: bool) -> None:
    """Mine questions, train a candidate, and compare it with the live encoder.

    Nothing is switched: a person approves the candidate, then `whetstone promote` switches. A run that was stopped
    goes on from its last checkpoint when started again.
    """
    from flows.bootstrap import open_doors
    from flows.environment import load_flow
    from flows.ops.tables import forecast_line
    from flows.ops.terminal import show_candidate
    from rag.releases.deployed import live_release

    with open_doors() as doors:
        live_release(doors.rag.stores.releases)  # said at once, rather than after Prefect has started
        click.echo(forecast_line(doors.retraining.forecast(), doors.retraining.settings))
    if estimate:
        return
    candidate_id = load_flow("retrain_encoder", quiet=True)(reason=reason)
    with open_doors() as doors:
        show_candidate(doors.retraining.candidates.get(candidate_id))


@click.command()
@click.argument("candidate", required=False)
@click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
def candidates(candidate: str | None, json_output: bool) -> None:
    """List the candidates, or show one beside the encoder it would replace."""
    from dataclasses import asdict

    from flows.bootstrap import open_doors
    from flows.ops.tables import candidate_rows
    from flows.ops.terminal import as_json, show_candidate, table

    with open_doors() as doors:
        if candidate:
            one = doors.retraining.candidates.get(candidate)
            as_json(asdict(one)) if json_output else show_candidate(one)
            return
        found = doors.retraining.candidates.newest()
    if json_output:
        as_json([asdict(c) for c in found])
    else:
        table("Candidates", *candidate_rows(found))


@click.command()
@click.argument("candidate")
@click.option("--comment", default="", help="Why; needed with --override.")
@click.option("--override", is_flag=True, help="Approve although the gate did not say promote.")
def approve(candidate: str, comment: str, override: bool) -> None:
    """Approve a candidate; the approval is signed, bound to what was measured, and expires."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from flows.ops.tables import answer_lines

    with open_doors() as doors:
        approval = doors.promotion.approver.approve(
            candidate, principal=terminal_principal(), comment=comment, override=override
        )
        for line in answer_lines(doors.retraining.candidates.get(candidate).scorecard.answers):
            click.echo(line)
    click.echo(
        f"approved until {approval.expires_at:%Y-%m-%d %H:%M} UTC; next: whetstone promote {candidate}"
    )


@click.command()
@click.argument("candidate")
@click.option("--comment", default="", help="Why.")
def reject(candidate: str, comment: str) -> None:
    """Reject a candidate."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal

    with open_doors() as doors:
        doors.promotion.approver.reject(candidate, principal=terminal_principal(), comment=comment)
    click.echo("rejected")
