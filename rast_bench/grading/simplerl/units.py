"""The words that the SimpleRL protocol deletes as units, as it does, sensible or not.

They include single letters, points of the compass and everyday nouns of word problems.
"""

import re

_LENGTHS = "m cm dm mm km ft feet inch inches yard mile metre meter mtr mt"
_AREAS_AND_VOLUMES = "sq square cube cubic cc acre hectare are l litre liter lt gal gallon"
_WEIGHTS = "g gm kg lb"
_TIMES = "s sec second min minute minw h hr hour day month yr year am pm noon bc"
_SPEEDS = "mph kmh kmph mp"
_ANGLES_AND_PLACES = "deg degree o east west way th st rd by"
_MONEY = "rs rupee profit loss gain"
_CHANGES = "increase decrease rise excess more less pure ratio per percent number unit prime"
_THINGS = "men man women woman soldier monkey apple tile toy coin pie mark rounds ohm Surface"
_LETTERS = "a c d t ab"
_PHRASES = (  # a dot matches any character here
    *("m sqaure", " m east", "sq m", "sq . m", "sq inch", "cu cm", "cu . m", "cm 2", "pi sq m"),
    *("∏ cm ³", "π r 2", "° f", "p . m", "a . m", "profit of rs", "rs .", "no change"),
    *("v â € ™", "s .", "q .", "a .", "b .", "c .", "d .", "e .", "f .", "g .", "h ."),
)
_SINGULAR = (
    *_PHRASES,
    *" ".join(
        (
            *(_LENGTHS, _AREAS_AND_VOLUMES, _WEIGHTS, _TIMES, _SPEEDS, _ANGLES_AND_PLACES),
            *(_MONEY, _CHANGES, _THINGS, _LETTERS),
        )
    ).split(),
)
_UNITS = [
    (unit.partition(".")[0], re.compile(rf"(^|\W){unit}($|\W)"))
    for unit in (*_SINGULAR, *(f"{unit}s" for unit in _SINGULAR))
]


def without_units(text: str) -> str:
    """Return the text without unit words, deleted in two passes; a lone unit stays."""
    for _ in range(2):
        for beginning, pattern in _UNITS:
            if beginning in text:  # avoids most of the searches
                text = pattern.sub(r"\1\2", text) or text
    return text
