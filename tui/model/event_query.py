"""Which events are shown, and which of them are bad. Pure."""

from dataclasses import dataclass

from tui.model.event import Event, Happening, statuses
from tui.model.order import Result
from tui.model.rollout import RolloutState, StepState
from tui.model.service import Health, Service

_ALWAYS_BAD = frozenset({Happening.LOST, Happening.LOOPING, Happening.LOGIN})
_BAD_UNLESS_ORDERED = frozenset({Happening.RESTARTED, Happening.VANISHED})
_STANDSTILLS = (RolloutState.PAUSED.value, RolloutState.ABORTED.value, StepState.FAILED.value)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A filter as it was typed; `bad` leaves only what somebody should look at."""

    text: str = ""
    bad: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.bad

    def picks(self, event: Event) -> bool:
        """Say whether an event is shown: every word of the filter must agree.

        `text` is looked for in all that is told, `!text` must not be in it; `node=`, `service=`
        and `what=` compare the start of that word; `!` before these turns them round. Case does
        not matter.
        """
        if self.bad and not is_bad(event):
            return False
        return all(_agrees(word, event) for word in self.text.lower().split())


def _agrees(word: str, event: Event) -> bool:
    bare = word.removeprefix("!")
    if not bare:
        return True
    fields = {"node": event.node, "service": event.service, "what": event.happening.value}
    field, equals, value = bare.partition("=")
    if equals and field in fields:
        found = fields[field].lower().startswith(value)
    else:
        found = bare in " ".join((*fields.values(), event.text)).lower()
    return found is not word.startswith("!")


def is_bad(event: Event) -> bool:
    """Say whether somebody should look at it.

    Lost nodes, crash loops, stopped logins; restarts and disappearances that were not ordered
    here; changes to a status with a problem, unless ordered here and no failure; orders that were
    not verified; rollouts that stand still.
    """
    match event.happening:
        case Happening.FLIPPED:
            health = health_after(event)
            return health is Health.FAILED or (health.is_problem and not event.ordered)
        case Happening.VERDICT:
            return result_of(event) is not Result.VERIFIED
        case Happening.ROLLOUT:
            said = (event.brief or event.text).lower()
            return any(word in said for word in _STANDSTILLS)
        case happening:
            unordered = happening in _BAD_UNLESS_ORDERED and not event.ordered
            return unordered or happening in _ALWAYS_BAD


def health_after(event: Event) -> Health:
    """Say what the status means that a service changed to."""
    return Service(event.service, statuses(event)[1]).health()


def result_of(event: Event) -> Result:
    """Say what came of an order (`brief` is `VERB RESULT`); unknown where it does not say."""
    said = event.brief or event.text.partition(",")[0]
    # The longest first: "not restarted" is not "restarted".
    results = sorted(Result, key=lambda one: len(one.value), reverse=True)
    return next((one for one in results if said.endswith(one.value)), Result.UNKNOWN)
