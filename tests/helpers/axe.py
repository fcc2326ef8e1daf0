"""What axe-core finds wrong with a page, by the rules of WCAG 2.2, level AA."""

from axe_playwright_python.sync_playwright import Axe

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page, **options):
    """The rules that a page of Playwright breaks, each with some of the elements.

    The page must let scripts run that are not its own (``bypass_csp``).
    """
    options = {"runOnly": {"type": "tag", "values": LEVELS}, **options}
    found = Axe().run(page, options=options | {"resultTypes": ["violations"]}).response
    return [
        (rule["id"], [node["html"][:150] for node in rule["nodes"]][:5])
        for rule in found["violations"]
    ]
