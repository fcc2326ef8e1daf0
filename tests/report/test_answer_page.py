"""The page of answers, in a browser: it shows everything, runs nothing, and asks for nothing."""

import shutil

import pandas as pd
import pytest
from helpers.axe import violations
from helpers.bundles import few, make_small
from playwright.sync_api import sync_playwright

from mmage_utils.fusion.answers import predict_new
from mmage_utils.fusion.bundle import read_bundle
from mmage_utils.report.answer_page import render_answers
from mmage_utils.report.chromium import launch

NASTY = "<img src=x onerror=alert(1)> We went to <script>alert(2)</script> school & $home$ again"


@pytest.fixture(scope="module")
def told(clips, tmp_path_factory):
    """A bundle that looks at faces and words, and its answers to three clips of odd names."""
    folder = tmp_path_factory.mktemp("run")
    known = few(clips, 16)
    ways = {"image": "head", "audio": "head", "text": "head"}
    model = read_bundle(make_small(folder, known, ways)[2])
    place = folder / "clips" / "unlabelled"
    place.mkdir(parents=True)
    for name, clip in zip(("<b>a", "plain"), known.itertuples(), strict=False):
        for medium in (clip.image, clip.audio):
            shutil.copy(medium, place / f"{name}{medium[-4:]}")
        (place / f"{name}.pkl").write_bytes(_pickled(NASTY))
    shutil.copy(known["image"].iloc[5], place / "mute.jpg")
    (place / "broken.jpg").write_text("no picture")
    return model, *predict_new(model, [place.parent], folder)


def _pickled(text):
    import pickle

    return pickle.dumps(text)


def test_a_page_shows_face_map_and_words_and_loads_nothing(told, chromium, tmp_path, screenshots):
    model, read, answers = told
    path = tmp_path / "answers.html"
    path.write_text(render_answers(read, answers, model), encoding="utf-8")
    with sync_playwright() as playwright, launch(playwright, chromium) as browser:
        page = browser.new_page(viewport={"width": 900, "height": 1200})
        asked, dialogs, errors = [], [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
        page.on("console", lambda message: errors.append(message.text))
        page.goto(path.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert (dialogs, errors) == ([], [])
        cards = page.locator("article")
        names = [card.locator("h2").inner_text() for card in cards.all()]
        assert names == ["<b>a.mp4", "broken.mp4", "mute.mp4", "plain.mp4"]
        full = cards.nth(names.index("plain.mp4"))
        alts = [image.get_attribute("alt") for image in full.locator("img").all()]
        assert alts == [
            "face",
            "probabilities of the age groups by each model",
            "the face, and what of it the answer uses",
            "waveform and fundamental frequency",
        ]
        broken = "images => images.filter((image) => !image.naturalWidth).length"
        assert page.locator("img").evaluate_all(broken) == 0
        assert full.locator("blockquote").inner_text() == NASTY
        assert "Covered patch by patch" in full.inner_text()
        assert "word" in full.locator("blockquote + p").inner_text()
        assert "It cannot be read: it is not an image" in cards.nth(1).inner_text()
        assert cards.nth(names.index("mute.mp4")).locator("img").count() == 3
        colour = "element => getComputedStyle(element).color"
        assert page.locator(".warning").evaluate(colour) == "rgb(176, 0, 32)"
        assert page.locator("script, article article, article b").count() == 0
        wide = "document.documentElement.scrollWidth <= window.innerWidth"
        assert page.evaluate(wide)
        page.set_viewport_size({"width": 380, "height": 800})
        assert page.evaluate(wide)
        page.set_viewport_size({"width": 900, "height": 1200})
        page.screenshot(path=screenshots / "answers.png", full_page=True)


def test_what_the_words_tell_is_marked_in_them(told, monkeypatch):
    model, read, answers = told
    table = pd.DataFrame({"word": ["School", "again", "to"], "fall": [0.2, 0.01, 0.001]})
    monkeypatch.setattr("mmage_utils.display.answer_cards.telling_words", lambda *_: table)
    text = render_answers(read, answers, model)
    assert text.count("<mark>school</mark>") == 2
    assert text.count("<mark>again</mark>") == 2
    assert "<mark>to</mark>" not in text
    assert "School (20.0 points), again (1.0 points)." in text


def test_the_page_says_how_often_such_an_answer_is_right(told, monkeypatch):
    model, read, answers = told
    row = {"from": 0.0, "to": 1.0, "clips": 40, "users": 20, "confidence": 0.5, "accuracy": 0.6}
    trust = model.facts["trust"]
    said = "Of the 40 valid clips with a confidence of 0.0 to 1.0, 60% (95% interval 40% to 80%) "
    said += "were answered right."
    monkeypatch.setattr("mmage_utils.display.answer_cards.EXPLAINED", 0)
    for low, high, times in ((0.4, 0.8, 3), (float("nan"), float("nan"), 0)):
        known = {"reliability": [row | {"low": low, "high": high}]}
        subsets = {name: one | known for name, one in trust["subsets"].items()}
        facts = model.facts | {"trust": trust | {"subsets": subsets}}
        text = render_answers(read, answers, model._replace(facts=facts))
        assert text.count(said) == text.count("95% interval") == times
        assert text.count("60%") == 3


def test_only_the_first_of_many_clips_say_what_they_rest_on(told, monkeypatch):
    model, read, answers = told
    monkeypatch.setattr("mmage_utils.display.answer_cards.EXPLAINED", 1)
    text = render_answers(read, answers, model)
    assert text.count('alt="the face, and what of it the answer uses"') == 1
    assert text.count("ingle word") + text.count("The words that speak") == 1
    assert "Only the first 1 clips say what their answer rests on" in text


def test_a_page_keeps_the_rules_of_accessibility(told, chromium, tmp_path):
    model, read, answers = told
    path = tmp_path / "answers.html"
    path.write_text(render_answers(read, answers, model), encoding="utf-8")
    with sync_playwright() as playwright, launch(playwright, chromium) as browser:
        page = browser.new_context(bypass_csp=True).new_page()
        page.goto(path.as_uri())
        assert page.locator("article img").count() > 3
        assert violations(page) == []
