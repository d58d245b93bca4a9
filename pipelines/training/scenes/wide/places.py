"""Where the kinds of the wide world are at home: the places of the drawn one, with more in their zones."""

from dataclasses import replace

from pipelines.training.scenes.places import PLACES

# place -> the number of a zone, and what is put there besides
_MORE: dict[str, dict[int, tuple[str, ...]]] = {
    "living room": {
        0: ("curtains",), 3: ("television", "television", "fireplace", "fireplace", "grandfather clock", "piano",
                              "christmas tree", "nightstand", "guitar"),
        4: ("basket", "guitar", "pillow", "suitcase"),
    },
    "bedroom": {0: ("curtains",), 3: ("wardrobe", "nightstand", "nightstand", "television"),
                4: ("pillow", "blanket", "basket", "suitcase")},
    "kitchen": {0: ("curtains",), 3: ("trash can",), 4: ("basket", "basket of apples", "trash can")},
    "study": {0: ("curtains",), 3: ("fireplace", "piano", "guitar", "telescope", "grandfather clock", "television"),
              4: ("trash can", "suitcase", "telescope")},
    "playroom": {2: ("television", "wardrobe", "christmas tree"), 3: ("dinosaur", "dinosaur", "dragon", "unicorn",
                                                                    "guitar", "scooter")},
    "gallery": {1: ("fountain", "piano", "telescope", "grandfather clock", "fireplace"), 2: ("dinosaur", "dragon")},
    "table": {
        0: ("toaster", "jug", "pencil", "crown on a cushion", "pizza slice", "sandwich", "donut", "strawberry",
            "lemon", "bowl of lemons", "bowl of oranges", "bowl of cherries", "basket", "basket of apples", "pumpkin",
            "computer", "guitar"),
        1: ("jug", "pencil", "pizza slice", "donut", "lemon", "frog", "crab", "strawberry"),
    },
    "street": {1: ("fountain", "christmas tree"),
               2: ("fire hydrant", "fire hydrant", "trash can", "trash can", "scooter"),
               3: ("taxi", "taxi", "scooter")},
    "park": {
        1: ("fountain", "fountain"), 2: ("trash can", "deer", "horse", "cow", "sheep", "pinwheel"),
        3: ("deer", "horse", "unicorn", "cow", "sheep", "pig", "frog", "dragon", "dinosaur", "basket", "pumpkin",
            "scooter", "basket of apples", "guitar", "pinwheel"),
    },
    "beach": {1: ("shark", "whale", "submarine"), 3: ("crab", "crab", "basket", "frog", "pinwheel", "octopus")},
    "sea": {0: ("ufo",), 1: ("whale", "shark", "submarine"), 2: ("whale", "shark", "octopus", "submarine")},
    "mountains": {1: ("deer", "horse", "cow", "sheep"), 2: ("deer", "horse", "cow", "sheep", "dragon", "dinosaur",
                                                           "unicorn", "telescope")},
    "winter forest": {1: ("christmas tree", "christmas tree"), 2: ("deer", "deer", "horse", "christmas tree")},
    "desert": {0: ("ufo",), 2: ("dinosaur", "dragon", "horse", "telescope", "scooter")},
    "night sky": {1: ("ufo", "ufo")},
    "sky": {1: ("ufo",)},
    "under the sea": {0: ("shark", "shark", "whale", "octopus"),
                      1: ("shark", "whale", "octopus", "submarine", "submarine"),
                      2: ("crab", "crab", "octopus")},
}  # fmt: skip
# and what may stand on the furniture there
_SMALLS: dict[str, tuple[str, ...]] = {
    "living room": ("jug", "bowl of lemons", "bowl of oranges", "basket", "crown on a cushion", "pencil"),
    "bedroom": ("jug", "bowl of cherries", "crown on a cushion"),
    "kitchen": ("toaster", "toaster", "jug", "sandwich", "pizza slice", "donut", "bowl of lemons", "bowl of oranges",
                "bowl of cherries", "strawberry", "lemon", "pumpkin"),
    "study": ("computer", "computer", "computer", "pencil", "jug"),
}  # fmt: skip

WIDE_PLACES = {
    name: replace(
        place,
        zones=tuple(
            replace(zone, kinds=zone.kinds + _MORE.get(name, {}).get(i, ())) for i, zone in enumerate(place.zones)
        ),
        smalls=place.smalls + _SMALLS.get(name, ()),
    )
    for name, place in PLACES.items()
}
