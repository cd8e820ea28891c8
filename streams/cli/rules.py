"""`thalweg rules …`: what an officer for privacy uses."""

import typer

from streams.cli import rules_keys, rules_scan

app = typer.Typer(no_args_is_help=True, help="Anonymization: its keys, and the proof that it holds.")
app.add_typer(rules_keys.app, name="keys")
app.command("scan")(rules_scan.scan)
