"""The page of the simulated plex.tv on which somebody signs in for an application, by choosing who they are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from projectionist.demo.people import Person

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in to the demo's plex.tv</title>
<style>
  :root {{ color-scheme: dark; font: 1.1rem/1.5 system-ui, sans-serif; background: #1f1b24; color: #fff7e6 }}
  main {{ max-width: 24rem; margin: 12vh auto; padding: 0 1rem }}
  button {{ display: block; width: 100%; margin: .6rem 0; padding: .7rem; font: inherit; border-radius: .5rem;
    border: 1px solid #6b5a75; background: #2c2533; color: inherit; cursor: pointer }}
  button:hover, button:focus-visible {{ background: #4a3a57 }}
</style>
<main>
  <h1>Who is watching?</h1>
  <p>This is no real sign-in: it stands for plex.tv in the demo house.</p>
  {buttons}
  <p role="status" id="outcome"></p>
</main>
<script>
  const asked = new URLSearchParams(location.hash.replace(/^#!?\\??/, ""));
  const outcome = document.getElementById("outcome");
  for (const button of document.querySelectorAll("button")) {{
    button.addEventListener("click", async () => {{
      const body = new URLSearchParams({{ code: asked.get("code") ?? "", person: button.value }});
      const answer = await fetch("auth/claim", {{ method: "POST", body }});
      if (!answer.ok) {{
        outcome.textContent = "The code is unknown or has expired; go back and begin again.";
        return;
      }}
      const forward = asked.get("forwardUrl") ?? "";
      if (/^https?:/.test(forward)) location.assign(forward);
      else outcome.textContent = "You are signed in and may close this page.";
    }});
  }}
</script>
</html>
"""


def sign_in_page(people: Sequence[Person]) -> str:
    """The page, with a button for each of them; the code to be claimed stands behind the `#` of its address."""
    buttons = "\n  ".join(
        f'<button type="button" value="{person.id}">{escape(person.name)}</button>' for person in people
    )
    return _PAGE.format(buttons=buttons)
