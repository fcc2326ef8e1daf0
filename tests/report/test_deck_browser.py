"""The deck and the reading copy in a real browser, opened from the disk without a network."""

import pytest
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from mmage_utils.report import export
from mmage_utils.report.chromium import LAID_OUT, launch, print_pdf

# Everything on the slide that is shown must be on the screen, and nothing may scroll.
OVERFLOWS = """() => {
  const page = Reveal.getCurrentSlide().querySelector(".page");
  const boxes = [page, ...page.querySelectorAll("*")].filter((node) => node.offsetParent !== null);
  const off = boxes.filter((node) => {
    const box = node.getBoundingClientRect();
    return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 ||
      box.bottom > innerHeight + 1;
  });
  const cut = [page, page.querySelector(".visual")].filter((node) =>
    node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1);
  return [...off, ...cut].map((node) => `${node.tagName}.${node.className}`);
}"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll(".page *")]
  .filter((node) => [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .map((node) => parseFloat(getComputedStyle(node).fontSize)))"""
CONTRASTS = """() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const clear = (colour) => colour === "rgba(0, 0, 0, 0)" || colour === "transparent";
  const weak = [];
  for (const node of document.querySelectorAll(ROOTS)) {
    if (![...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    let ground = node;
    while (ground && clear(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    const back = ground ? getComputedStyle(ground).backgroundColor : "rgb(255, 255, 255)";
    const pair = [luminance(getComputedStyle(node).color), luminance(back)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) weak.push(`${node.tagName}.${node.className} ${node.textContent} ${ratio}`);
  }
  return weak;
}"""


@pytest.fixture(scope="module")
def deck(executed, chromium):
    """The deck and its PDF, printed before another browser is open."""
    path, count = export.export_slides(executed)
    pages = print_pdf(path, path.with_suffix(".pdf"), chromium)
    assert pages == count
    return path


@pytest.fixture(scope="module")
def browser(deck, chromium):
    with sync_playwright() as playwright, launch(playwright, chromium) as started:
        yield started


@pytest.fixture
def opened(browser):
    """Function that opens a file with the network off; it must request and report nothing."""
    contexts, messages = [], []

    def open_file(path, width=1280, height=720, ready="Reveal.isReady()"):
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        address = path.resolve().as_uri()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("requestfailed", lambda request: messages.append(request.url[:100]))
        context.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "data:")) else messages.append(request.url)
            ),
        )
        page.goto(address)
        page.wait_for_function(ready)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert messages == []


def test_a_page_is_laid_out_only_when_its_slides_are_back_in_it(browser):
    """reveal.js takes them out meanwhile; who counted them then waited for a deck of none."""
    page = browser.new_page()
    for content, laid_out in (
        ("<div class=page></div>", False),
        ("<div class=pdf-page></div>", False),
        ("<div class=pdf-page><div class=page></div></div><div class=page></div>", False),
        ("<div class=pdf-page><div class=page></div></div>" * 2, True),
    ):
        page.set_content(content)
        assert page.evaluate(LAID_OUT) is laid_out
    page.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_every_slide_fits_the_screen_and_shows_its_picture(deck, opened, width, height):
    page = opened(deck, width, height)
    overflows = {}
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate("number => Reveal.slide(number)", number)
        over = page.evaluate(OVERFLOWS)
        if over:
            overflows[number + 1] = over
    assert overflows == {}
    assert page.evaluate(
        "[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt)"
    )


def test_type_is_large_and_contrast_enough(deck, opened):
    page = opened(deck)
    assert page.evaluate(SMALLEST) >= 12
    assert page.evaluate(CONTRASTS.replace("ROOTS", '".page *"')) == []


def test_arrow_keys_reach_the_last_slide(deck, opened):
    page = opened(deck)
    total = page.evaluate("Reveal.getTotalSlides()")
    for _ in range(total - 1):
        assert not page.evaluate("Reveal.isLastSlide()")
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.isLastSlide()")
    assert page.locator(".slide-number").inner_text().split() == [str(total), "/", str(total)]


def test_a_link_of_the_index_leads_to_its_task(deck, opened):
    page = opened(deck)
    page.keyboard.press("ArrowRight")
    page.get_by_role("link", name="Task c").click()
    page.wait_for_function("Reveal.getCurrentSlide().id === 's03'")


def test_the_pdf_has_a_page_a_slide_and_none_is_blank(deck, opened):
    pages = PdfReader(deck.with_suffix(".pdf")).pages
    assert len(pages) == opened(deck).evaluate("Reveal.getTotalSlides()")
    for number, page in enumerate(pages, start=1):
        assert len(page.extract_text().split()) > 3, number
        assert page.mediabox.width / page.mediabox.height == pytest.approx(16 / 9, rel=0.01)


def test_speaker_notes_open_beside_the_deck(deck, opened):
    page = opened(deck)
    page.evaluate("Reveal.slide(4)")
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value
    notes.wait_for_function("document.querySelector('.speaker-controls-notes .value')?.textContent")
    assert "histogram" in notes.locator(".speaker-controls-notes .value").inner_text()


def test_the_deck_of_one_notebook_opens_alone(deck, opened):
    page = opened(deck.parent / "04_test_strategy.slides.html")
    assert page.evaluate("Reveal.getTotalSlides()") > 3


def test_the_reading_copy_opens_with_code_folded(deck, opened):
    page = opened(deck.parent.parent / "report.html", ready="document.readyState === 'complete'")
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0 && image.alt)")
    assert page.evaluate(CONTRASTS.replace("ROOTS", '"main *, nav *"')) == []
    code = page.locator("details.code pre").first
    assert not code.is_visible()
    page.get_by_role("button", name="Show all code").click()
    assert code.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ten_slides_are_taken_for_a_person_to_look_at(deck, opened, screenshots):
    page = opened(deck)
    total = page.evaluate("Reveal.getTotalSlides()")
    for number in [0, 1, 2, *(round(k * (total - 1) / 7) for k in range(1, 8))]:
        page.evaluate("number => Reveal.slide(number)", number)
        page.screenshot(path=screenshots / f"slide_{number + 1:03d}.png")
    assert len(list(screenshots.glob("slide_*.png"))) >= 10
