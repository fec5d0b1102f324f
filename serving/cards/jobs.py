"""The job `cards`: when is it wanted, and what does it do? For `serving.upkeep.roster`, which loads nothing heavy."""

from serving.jobs.job import JobContext


def make_cards(context: JobContext) -> str:
    """Make the lists' cards from the history and score them. Raises NoHistory, StoreAway."""
    from serving.cards.making import make

    return make(context.store, context.home, context.now, context.say)


def cards_are_wanted(context: JobContext) -> bool:
    """Whether the history grew, another version went live, or a new day began."""
    from serving.cards.making import wanted

    return wanted(context.store, context.home, context.now, context.settings.nightly_at) is not None
