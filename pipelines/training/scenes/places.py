"""The places: what they are called, what lies behind, and which things are at home there."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipelines.training.scenes import interiors, outdoors
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.setting import Setting


@dataclass(frozen=True)
class Zone:
    """A band of a place."""

    kinds: tuple[str, ...]  # what is put there, more often what is named more often
    least: int  # how many things at least
    most: int  # and at most
    low: float  # how far below the horizon their feet are at least
    high: float  # and at most
    scale: float = 1.0  # of their sizes


@dataclass(frozen=True)
class Place:
    """A sort of place."""

    nouns: tuple[str, ...]  # what people call it
    within: str  # "in the", "on the" and the like, before a noun
    draw: Callable[[View, Random, Setting], None]  # draws its backdrop
    horizon: tuple[float, float]  # least and greatest
    above: tuple[str, ...]  # what lies over the horizon, in words
    below: tuple[str, ...]  # what lies under it, in words
    zones: tuple[Zone, ...]  # from far to near
    smalls: tuple[str, ...] = ()  # what may stand on its furniture
    hours: tuple[str, ...] = ("day", "day", "day", "sunset", "night")  # as often as they are named
    indoors: bool = False  # whether it has a coloured wall


WALL, FLOOR = ("wall", "empty wall"), ("floor", "empty floor")
PETS = ("cat", "cat", "dog", "dog", "corgi", "rabbit", "hedgehog", "bear")
WILD = (
    "fox",
    "rabbit",
    "hedgehog",
    "bear",
    "owl",
    "bird",
    "duck",
    "turtle",
    "corgi",
    "dog",
    "panda",
    "elephant",
    "penguin",
)
PICTURES = ("painting", "painting", "painting", "clock", "mirror", "window")
TABLE_THINGS = ("vase of flowers", "vase of flowers", "mug", "teapot", "stack of books", "candle", "bowl of fruit",
                "cactus", "apple",
                "table lamp", "cake", "laptop", "potted plant", "book", "gift", "checkers")  # fmt: skip
MEALS = ("apple", "pear", "banana", "watermelon", "cake", "cupcake", "ice cream", "pizza", "bread", "burger", "mug",
         "teapot",
         "bottle", "wine glass", "bowl of fruit", "pot")  # fmt: skip
IN_THE_AIR = ("cloud", "cloud", "cloud", "bird", "balloon", "kite", "hot air balloon", "airplane", "butterfly")
LIGHTS = ("sun", "cloud", "rainbow", "cloud")

PLACES: dict[str, Place] = {
    place.nouns[0]: place
    for place in (
        Place(("living room", "lounge"), "in the", interiors.room, (480, 530), WALL, FLOOR, (
            Zone(PICTURES, 1, 3, -330, -190), Zone(("hanging lamp",), 0, 1, -340, -300), Zone(("rug",), 0, 1, 150, 220),
            Zone(("couch", "couch", "armchair", "armchair", "bookshelf", "dresser", "floor lamp", "potted plant",
                  "floor lamp", "table", "chair"), 2, 4, 24, 90),
            Zone(("coffee table", "coffee table", *PETS, "ball", "gift", "stool"), 0, 2, 150, 226),
        ), TABLE_THINGS, indoors=True),
        Place(("bedroom",), "in the", interiors.room, (480, 530), WALL, FLOOR, (
            Zone(PICTURES, 1, 2, -330, -190), Zone(("hanging lamp",), 0, 1, -340, -300), Zone(("rug",), 0, 1, 150, 220),
            Zone(("bed", "bed", "dresser", "dresser", "armchair", "floor lamp", "bookshelf", "potted plant",
                  "chair"), 2, 3, 30, 90),
            Zone((*PETS, "stack of books", "stool"), 0, 2, 150, 226),
        ), TABLE_THINGS, indoors=True),
        Place(("kitchen",), "in the", interiors.room, (480, 530), WALL, FLOOR, (
            Zone(("clock", "window", "painting", "window"), 0, 2, -330, -210),
            Zone(("hanging lamp",), 0, 2, -340, -300),
            Zone(("fridge", "stove", "fridge", "stove", "dresser", "table", "table", "chair", "stool",
                  "potted plant"), 2, 4, 20, 90),
            Zone(("table", "chair", "stool", *PETS), 0, 2, 150, 226),
        ), MEALS, indoors=True),
        Place(("study", "office", "home office"), "in the", interiors.room, (480, 530), WALL, FLOOR, (
            Zone(PICTURES, 1, 2, -330, -190), Zone(("hanging lamp",), 0, 1, -340, -300), Zone(("rug",), 0, 1, 150, 220),
            Zone(("desk", "desk", "bookshelf", "bookshelf", "armchair", "chair", "floor lamp", "potted plant",
                  "dresser"), 2, 4, 24, 100),
            Zone((*PETS, "stack of books", "robot", "owl"), 0, 2, 150, 226),
        ), ("laptop", "laptop", "table lamp", "stack of books", "mug", "calculator", "book", "vase of flowers",
            "cactus"), indoors=True),
        Place(("playroom", "nursery", "children's room"), "in the", interiors.room, (470, 520), WALL, FLOOR, (
            Zone(("painting", "painting", "clock", "window"), 1, 2, -330, -190), Zone(("rug",), 0, 1, 150, 220),
            Zone(("bookshelf", "bed", "dresser", "tent", "robot", "armchair", "bear", "elephant"), 1, 3, 24, 90),
            Zone(("ball", "robot", "blocks", "bear", "rubber duck", "gift", "train", "rocket", "elephant", "panda",
                  "owl", "cat"), 1, 3, 130, 226, 0.9),
        ), ("rubber duck", "blocks", "bear", "ball", "book", "robot"), indoors=True),
        Place(("gallery", "museum"), "in the", interiors.room, (520, 560), WALL, FLOOR, (
            Zone(("painting", "painting", "painting", "mirror", "clock"), 1, 3, -300, -170, 1.4),
            Zone(("bench", "stool", "potted plant", "armchair", "robot", "couch"), 0, 2, 40, 130),
            Zone((*PETS, *WILD), 0, 1, 120, 190),
        ), indoors=True),
        Place(("table", "table top"), "on the", interiors.table_top, (410, 470), WALL, ("table",), (
            Zone((*MEALS, *TABLE_THINGS, "calculator", "rubber duck", "robot", "blocks", "ball"), 2, 4, 90, 240, 2.1),
            Zone((*MEALS, *TABLE_THINGS, "bird", "mushroom", "turtle", "cat", "hedgehog"), 0, 2, 250, 320, 1.7),
        ), indoors=True),
        Place(("street", "city street", "town"), "on the", outdoors.street, (430, 480), ("sky",), ("street", "road"), (
            Zone(("cloud", "cloud", "sun", "balloon", "airplane", "hot air balloon"), 0, 2, -300, -210),
            Zone(("house", "house", "house", "tower", "tower", "tree", "tree", "castle"), 2, 4, 10, 34),
            Zone(("street lamp", "traffic light", "traffic light", "sign", "sign", "mailbox", "bench", "fence",
                  "bush", "dog", "cat",
                  "bicycle"), 0, 3, 50, 74),
            Zone(("car", "car", "car", "bus", "truck", "bicycle"), 1, 2, 140, 260, 1.15),
        )),
        Place(("park", "garden", "meadow", "field"), "in the", outdoors.park, (420, 480), ("sky",), ("grass", "lawn"), (
            Zone((*LIGHTS, *IN_THE_AIR), 0, 3, -280, -130),
            Zone(("tree", "tree", "tree", "pine tree", "house", "windmill", "bush", "fence", "castle"), 1, 3, 20, 70),
            Zone(("bench", "street lamp", "bush", "flower", "tent", "umbrella", "bicycle", "mushroom", "train"), 0,
                 2, 80, 150),
            Zone((*WILD, *PETS, "flower", "mushroom", "ball", "bicycle", "gift"), 1, 3, 150, 280),
        ), ("cat", "bird", "stack of books", "gift", "ball", "bear")),
        Place(("beach", "sandy beach"), "on the", outdoors.beach, (370, 420), ("sky",), ("sand", "beach"), (
            Zone((*LIGHTS, *IN_THE_AIR), 0, 3, -240, -110),
            Zone(("sailing boat", "sailing boat", "rowing boat", "lighthouse"), 0, 2, 30, 76),
            Zone(("palm tree", "palm tree", "umbrella", "umbrella", "tent"), 1, 2, 170, 220),
            Zone(("ball", "turtle", "dog", "corgi", "cat", "duck", "ice cream", "rubber duck", "watermelon", "bird",
                  "chair", "elephant"), 1, 3, 240, 340),
        )),
        Place(("sea", "ocean", "lake"), "on the", outdoors.sea, (350, 420), ("sky",), ("water", "sea"), (
            Zone((*LIGHTS, *IN_THE_AIR), 0, 3, -230, -90),
            Zone(("sailing boat", "sailing boat", "rowing boat", "lighthouse"), 1, 3, 40, 160),
            Zone(("sailing boat", "rowing boat", "duck", "rubber duck", "fish"), 0, 2, 200, 320, 1.2),
        )),
        Place(("mountains", "mountain landscape"), "in the", outdoors.mountains, (430, 490), ("sky", "mountains"),
              ("grass", "meadow"), (
            Zone((*LIGHTS, *IN_THE_AIR), 0, 2, -330, -220),
            Zone(("pine tree", "pine tree", "pine tree", "house", "castle", "windmill", "train", "tent"), 1, 4, 30,
                 100, 0.85),
            Zone((*WILD, "tent", "bush", "flower", "mushroom", "bicycle", "bench"), 1, 2, 130, 270),
        )),
        Place(("winter forest", "snowy forest", "snow"), "in the", outdoors.winter, (420, 480), ("sky",), ("snow",), (
            Zone(("cloud", "cloud", "bird", "sun"), 0, 1, -300, -200),
            Zone(("pine tree", "pine tree", "pine tree", "house", "house", "train", "castle"), 1, 4, 30, 90),
            Zone(("snowman", "snowman", "penguin", "penguin", "fox", "owl", "bear", "gift", "rabbit", "corgi", "dog",
                  "bench", "street lamp"), 1, 3, 120, 280),
        )),
        Place(("desert",), "in the", outdoors.desert, (420, 470), ("sky",), ("sand",), (
            Zone((*LIGHTS, "bird", "airplane", "hot air balloon", "balloon"), 0, 2, -300, -170),
            Zone(("palm tree", "cactus", "cactus", "tent", "castle", "house"), 1, 3, 30, 110, 1.2),
            Zone(("turtle", "fox", "elephant", "car", "truck", "cactus", "robot", "bird", "bicycle"), 1, 2, 140, 280),
        )),
        Place(("night sky", "starry sky"), "in the", outdoors.sky, (640, 690), ("night sky",), ("hills",), (
            Zone(("moon", "moon", "star", "star", "rocket", "cloud"), 1, 3, -480, -330),
            Zone(("rocket", "star", "moon", "hot air balloon", "airplane", "owl", "cloud", "balloon", "robot"), 1, 3,
                 -270, -110),
        ), hours=("night",)),
        Place(("sky", "blue sky"), "in the", outdoors.sky, (640, 690), ("sky",), ("hills",), (
            Zone(("sun", "cloud", "cloud", "cloud", "rainbow", "hot air balloon", "airplane"), 1, 3, -480, -330),
            Zone((*IN_THE_AIR, "star", "rocket", "rainbow"), 1, 4, -280, -90),
        ), hours=("day", "day", "sunset")),
        Place(("under the sea", "underwater"), "", outdoors.under_water, (560, 610), ("water",), ("sand",), (
            Zone(("fish", "fish", "fish", "turtle", "fish"), 1, 3, -400, -230, 1.3),
            Zone(("fish", "fish", "fish", "fish", "turtle", "duck", "rubber duck"), 1, 3, -190, -50, 1.3),
            Zone(("turtle", "mushroom", "castle", "robot", "rowing boat", "ball"), 0, 2, 40, 130),
        ), hours=("day",)),
    )
}  # fmt: skip
