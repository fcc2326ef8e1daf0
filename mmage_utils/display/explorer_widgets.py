"""The explorer's widgets: what is chosen, the list of clips, and the clip itself."""

from mmage_utils.display import explorer

LISTED = 200  # a browser is slow with thousands of options, and a reader too
# JupyterLab takes arrow keys and Enter for its own commands, even in a list, unless what has the
# focus carries this attribute.
KEYS = """document.addEventListener("focusin", ({target}) => {
  if (target.closest(".mmage-explorer")) target.setAttribute("data-lm-suppress-shortcuts", "true");
});"""
STYLE = """<style>
.mmage-bars { border-collapse: collapse; line-height: 1.3; }
.mmage-bars caption { text-align: left; padding-bottom: 4px; }
.mmage-bars th, .mmage-bars td { text-align: left; padding: 3px 10px 3px 0; white-space: nowrap; }
.mmage-bars th[scope=row] { min-width: 125px; }
.mmage-bars td { min-width: 118px; }
.mmage-bars small { font-weight: normal; }
.mmage-words { line-height: 1.4; max-width: 640px; }
.mmage-bars i { display: inline-block; height: 12px; margin-right: 5px; vertical-align: -1px; }
</style>"""


def explore(run, clips):
    """Widgets to pick clips by split, age group and answers, and to see one of them at a time.

    All of them work from the keyboard: Tab goes on, the arrows choose. At most `LISTED` clips
    stand in the list; ``previous`` and ``next`` go through all that were found.

    Parameters
    ----------
    run : runs.Run
    clips : pandas.DataFrame
        `clips.read_clips`.

    Returns
    -------
    ipywidgets.Widget
    """
    import ipywidgets as widgets
    from IPython.display import Javascript, display

    models, missing = explorer.read_models(run)
    table = explorer.join_answers(clips, models)
    wide = widgets.Layout(width="300px")
    names = {"split": "split", "age_group": "age group", "answer": "answer", "agreement": "models"}
    picks = {
        key: widgets.Dropdown(options=options, description=names[key], layout=wide)
        for key, options in explorer.choices().items()
    }
    find = widgets.Text(
        description="name has", placeholder="part of a name", continuous_update=False, layout=wide
    )
    found = widgets.HTML()
    listed = widgets.Select(
        description="clips", rows=12, layout=widgets.Layout(width="300px", height="240px")
    )
    back = widgets.Button(description="previous clip", icon="arrow-left")
    on = widgets.Button(description="next clip", icon="arrow-right")
    others = widgets.Select(description="same user", rows=6, layout=wide)
    facts, face, voice, words, bars, faces = (widgets.HTML() for _ in range(6))
    state = {"found": [], "at": 0, "busy": False}

    def show(name):
        row = table.loc[name]
        facts.value = explorer.show_facts(name, row)
        face.value = explorer.show_face(name, row)
        voice.value = explorer.show_voice(name, row)
        words.value = explorer.show_words(row)
        bars.value = explorer.show_bars(name, row["AgeGroup"], models, missing)
        same = table[table["UserID"] == row["UserID"]]
        pictures = " ".join(explorer.show_face(n, r, 64) for n, r in same.iterrows())
        faces.value = f"<p>Clips of this user: {len(same)}.</p>{pictures}"
        state["busy"] = True
        others.options = [(explorer.label(n, r), n) for n, r in same.iterrows()]
        others.value = name
        state["busy"] = False

    def go(at):
        """Show the clip at a place among those found, and the part of the list it stands in."""
        if not state["found"]:
            listed.options = []
            facts.value = "<p>No clip fits all choices.</p>"
            others.options = []
            for pane in (face, voice, words, bars, faces):
                pane.value = ""
            return
        state["at"] = at % len(state["found"])
        start = state["at"] // LISTED * LISTED
        part = state["found"][start : start + LISTED]
        state["busy"] = True
        if [name for _, name in listed.options] != part:
            listed.options = [(explorer.label(n, table.loc[n]), n) for n in part]
        listed.value = state["found"][state["at"]]
        state["busy"] = False
        last = start + len(part)
        found.value = f"{len(state['found']):,} clips found, {start + 1:,} to {last:,} listed"
        show(listed.value)

    def choose(_):
        kept = {key: pick.value for key, pick in picks.items()}
        state["found"] = explorer.select(table, **kept, text=find.value.strip())
        found.value = "0 clips found"
        go(0)

    def pick_listed(change):
        if not state["busy"] and change["new"] is not None:
            go(state["found"].index(change["new"]))

    def pick_other(change):
        if not state["busy"] and change["new"] is not None:
            show(change["new"])

    for pick in (*picks.values(), find):
        pick.observe(choose, "value")
    listed.observe(pick_listed, "value")
    others.observe(pick_other, "value")
    back.on_click(lambda _: go(state["at"] - 1))
    on.on_click(lambda _: go(state["at"] + 1))
    choose(None)
    said = widgets.HTML(
        f"{STYLE}<p>{run.data}: {len(table):,} clips with a face, a voice or words. ✓ and ✗ say "
        f"whether the {'fusion' if 'fusion' in models else 'model'} is right.</p>"
    )
    left = widgets.VBox([*picks.values(), find, found, listed, widgets.HBox([back, on]), others])
    said_of = widgets.VBox([facts, voice, words], layout=widgets.Layout(padding="0 0 0 16px"))
    seen = widgets.HBox([face, said_of])
    right = widgets.VBox(
        [seen, bars, faces], layout=widgets.Layout(flex="1 1 640px", padding="0 0 0 20px")
    )
    display(Javascript(KEYS))
    # In a narrow window the clip stands below the list.
    both = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([said, both]).add_class("mmage-explorer")
