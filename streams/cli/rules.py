"""`thalweg rules …`: what an officer for privacy uses."""

import typer

from streams.cli import rules_defaults, rules_examples, rules_keys, rules_preview, rules_scan

app = typer.Typer(no_args_is_help=True, help="Anonymization: its rules, what they do, and the proof that it holds.")
app.command("defaults")(rules_defaults.defaults)
app.command("test")(rules_examples.run)
app.command("preview")(rules_preview.preview)
app.command("scan")(rules_scan.scan)
app.add_typer(rules_keys.app, name="keys")
