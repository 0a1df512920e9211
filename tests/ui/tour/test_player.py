"""How the tour is played, on a stage that only takes down what happens."""

import asyncio
from collections.abc import Mapping, Sequence

from tui.ui.format.key_bar import Hint
from tui.ui.tour.player import Answer, TourPlayer
from tui.ui.tour.steps import Needs, TourStep

FIRST = TourStep("First.", Needs.DECK, ("restart",))
SECOND = TourStep("Second.", Needs.ACTION, ("y",), reads_on=True)
LAST = TourStep("Last.", Needs.VERIFIED)


class FakeStage:
    """A stage whose needs come about after so many looks."""

    def __init__(self, later: Mapping[Needs, int] | None = None, pages: int = 0) -> None:
        self.labels = {"restart": "r"}
        self.front = "deck"
        self.happened: list[str] = []
        self.controls = ""
        self.field_after = 0
        self._looks = dict(later or {})
        self._pages = pages

    def shows(self, needs: Needs) -> bool:
        left = self._looks.get(needs, 0)
        self._looks[needs] = left - 1
        return left <= 0

    def has_more(self) -> bool:
        self._pages -= 1
        return self._pages >= 0

    def press(self, key: str) -> None:
        self.happened.append(key)

    def type_text(self, text: str) -> bool:
        self.field_after -= 1
        if self.field_after >= 0:
            return False
        self.happened.append(text)
        return True

    def present(self, hint: str, controls: Sequence[Hint]) -> None:
        if hint and hint not in self.happened:
            self.happened.append(hint)
        self.controls = " - ".join(label for label, _ in controls)


class Clock:
    """Seconds that pass at once; a person types at some of them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.types: dict[float, str] = {}
        self.player: TourPlayer | None = None

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)
        for at in [at for at in self.types if at <= self.now]:
            assert self.player is not None
            self.player.typed(self.types.pop(at))


async def play(
    stage: FakeStage, *steps: TourStep, types: Mapping[float, str] | None = None
) -> tuple[TourPlayer, Clock]:
    clock = Clock()
    clock.types = dict(types or {})
    clock.player = TourPlayer(stage, steps, clock.sleep)
    await clock.player.play()
    return clock.player, clock


async def test_each_hint_is_read_before_its_keys_are_pressed() -> None:
    stage = FakeStage(pages=2)
    player, clock = await play(stage, FIRST, SECOND, LAST)
    assert stage.happened == [
        "First.", "restart", "Second.", "pagedown", "pagedown", "y", "Last.",
    ]  # fmt: skip
    assert clock.now >= FIRST.seconds + SECOND.seconds + LAST.seconds
    assert player.is_over


async def test_a_text_is_typed_and_then_entered_by_a_key_on_its_own() -> None:
    stage = FakeStage()
    await play(stage, TourStep("Filter.", Needs.DECK, ("filter",), "ccs"))
    assert stage.happened == ["Filter.", "filter", "ccs", "enter"]


async def test_nothing_is_pressed_before_what_it_needs_is_there() -> None:
    stage = FakeStage({Needs.ACTION: 20})
    stage.front = "dialog"  # something is in front by now, so the key has worked
    _, clock = await play(stage, SECOND)
    assert stage.happened == ["Second.", "y"]
    assert clock.now > 2.0


async def test_a_key_that_changed_nothing_is_pressed_again() -> None:
    stage = FakeStage({Needs.ACTION: 50})
    await play(stage, FIRST, SECOND)
    assert stage.happened == ["First.", "restart", "restart", "Second.", "y"]


async def test_it_ends_where_a_step_does_not_come_about() -> None:
    stage = FakeStage({Needs.VERIFIED: 10_000})
    player, clock = await play(stage, SECOND, LAST)
    assert stage.happened[:2] == ["Second.", "y"]
    assert "ends here" in stage.happened[-1]
    assert clock.now >= LAST.patience
    assert player.is_over


async def test_space_goes_on_at_once_and_any_other_key_pauses() -> None:
    _, quick = await play(FakeStage(), FIRST, types={0.5: "space"})
    assert quick.now < 2.0
    stage = FakeStage()
    _, slow = await play(stage, FIRST, types={0.5: "x", 100.0: "space"})
    assert slow.now > 100.0
    assert stage.happened == ["First.", "restart"]


async def test_escape_ends_it_and_after_the_last_step_every_key_does() -> None:
    player = TourPlayer(FakeStage(), (FIRST,), Clock().sleep)
    assert player.typed("x") is Answer.TAKEN
    assert player.is_paused
    assert player.typed("escape") is Answer.ENDS
    player, _ = await play(FakeStage(), FIRST)
    assert player.typed("question_mark") is Answer.PASSED_ON


async def test_a_text_waits_for_its_field_and_is_typed_once() -> None:
    stage = FakeStage()
    stage.field_after = 3
    await play(stage, TourStep("Filter.", Needs.DECK, ("slash",), text="kind=optional"))
    assert stage.happened == ["Filter.", "slash", "kind=optional", "enter"]


async def test_a_text_whose_field_never_comes_is_not_waited_for_without_end() -> None:
    stage = FakeStage()
    stage.field_after = 10_000
    player, _ = await play(stage, TourStep("Filter.", Needs.DECK, ("slash",), text="x"))
    assert player.is_over
    assert stage.happened == ["Filter.", "slash", "enter"]
