"""The explorer's widgets: choices, a list of clips, and the clip itself."""

from html import escape

import ipywidgets as widgets
from IPython.display import Javascript, display

from mmage_utils.display import explorer

LISTED = 200  # a browser is slow with thousands of options
# JupyterLab uses arrow keys and Enter for its own commands, even in a list, unless the element with
# the focus has this attribute.
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
    """Widgets that find clips by split, age group and answers, and show one at a time.

    All work from the keyboard: Tab goes on, the arrows choose. At most `LISTED` clips are listed;
    the buttons go through all that were found.

    Parameters
    ----------
    run : runs.Run
    clips : pandas.DataFrame
        `clips.read_clips`.
    """
    view = _Explorer(run, clips)
    model = "fusion" if "fusion" in view.models else "model"
    head = widgets.HTML(
        f"{STYLE}<p>{escape(run.data)}: {len(view.table):,} clips with a face, a voice or words. "
        f"✓ and ✗ say whether the {model} is right.</p>"
    )
    lists = [view.count, view.listed, widgets.HBox(view.buttons), view.same_user]
    left = widgets.VBox([*view.choices.values(), view.name_part, *lists])
    facts, face, voice, words, bars, faces = view.panes
    beside = widgets.VBox([facts, voice, words], layout=widgets.Layout(padding="0 0 0 16px"))
    wide = widgets.Layout(flex="1 1 640px", padding="0 0 0 20px")
    right = widgets.VBox([widgets.HBox([face, beside]), bars, faces], layout=wide)
    display(Javascript(KEYS))
    # In a narrow window the clip is below the list.
    both = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([head, both]).add_class("mmage-explorer")


class _Explorer:
    """The widgets: choices fill the list of clips, and a list shows its clip."""

    def __init__(self, run, clips):
        self.models, self.missing = explorer.read_models(run)
        self.table = explorer.join_answers(clips, self.models)
        self.names, self.shown = [], None  # names of the clips that fit, and of the one shown
        wide, tall = widgets.Layout(width="300px"), widgets.Layout(width="300px", height="240px")
        names = ("split", "age group", "answer", "models")
        self.choices = {
            key: widgets.Dropdown(options=options, description=name, layout=wide)
            for (key, options), name in zip(explorer.CHOICES.items(), names, strict=True)
        }
        part = {"placeholder": "part of a name", "continuous_update": False}
        self.name_part = widgets.Text(description="name has", layout=wide, **part)
        self.count = widgets.HTML()
        self.listed = widgets.Select(description="clips", rows=12, layout=tall)
        self.same_user = widgets.Select(description="same user", rows=6, layout=wide)
        self.buttons = (
            widgets.Button(description="previous clip", icon="arrow-left"),
            widgets.Button(description="next clip", icon="arrow-right"),
        )
        self.panes = [widgets.HTML() for _ in range(6)]
        for choice in (*self.choices.values(), self.name_part):
            choice.observe(self._choose, "value")
        for clip_list in (self.listed, self.same_user):
            clip_list.observe(self._pick, "value")
        for button, step in zip(self.buttons, (-1, 1), strict=True):
            button.on_click(lambda _, step=step: self._go(step))
        self._choose(None)

    def _choose(self, _):
        """Find the clips that fit all choices, and show the first."""
        chosen = {key: choice.value for key, choice in self.choices.items()}
        self.names = explorer.select(self.table, **chosen, text=self.name_part.value.strip())
        if self.names:
            self._list(0)
        else:
            self._fill(self.listed, [], None)
            self._fill(self.same_user, [], None)
            self._show_panes("<p>No clip fits all choices.</p>", *[""] * 5)
            self.count.value = "0 clips found"

    def _go(self, step):
        if self.names:
            self._list((self.names.index(self.listed.value) + step) % len(self.names))

    def _pick(self, change):
        if change["new"] not in (None, self.shown):
            self._show(change["new"])

    def _list(self, place):
        """Show the clip at a place among those found, and its part of the list."""
        self._show(self.names[place])
        start = place // LISTED * LISTED
        names = self.names[start : start + LISTED]
        self._fill(self.listed, names, self.shown)
        last = start + len(names)
        self.count.value = f"{len(self.names):,} clips found, {start + 1:,} to {last:,} listed"

    def _show(self, name):
        self.shown, row = name, self.table.loc[name]
        same = self.table[self.table["UserID"] == row["UserID"]]
        faces = " ".join(explorer.show_face(*clip, 64) for clip in same.iterrows())
        self._show_panes(
            explorer.show_facts(name, row),
            explorer.show_face(name, row),
            explorer.show_voice(name, row),
            explorer.show_words(row),
            explorer.show_bars(name, row["AgeGroup"], self.models, self.missing),
            f"<p>Clips of this user: {len(same)}.</p>{faces}",
        )
        self._fill(self.same_user, list(same.index), name)

    def _show_panes(self, *markup):
        for pane, value in zip(self.panes, markup, strict=True):
            pane.value = value

    def _fill(self, clip_list, names, chosen):
        """Fill a list with clips, and choose one of them."""
        if [name for _, name in clip_list.options] != names:
            clip_list.value = None  # or the first of the new clips would count as picked
            clip_list.options = [(explorer.label(n, self.table.loc[n]), n) for n in names]
        clip_list.value = chosen
