"""Every kind of thing, by its own name."""

from pipelines.training.scenes.animals import ANIMALS
from pipelines.training.scenes.buildings import BUILDINGS
from pipelines.training.scenes.food import FOOD
from pipelines.training.scenes.furniture import FURNITURE
from pipelines.training.scenes.lamps import LAMPS
from pipelines.training.scenes.plants import PLANTS
from pipelines.training.scenes.sky import SKY
from pipelines.training.scenes.thing import Kind
from pipelines.training.scenes.toys import TOYS
from pipelines.training.scenes.vehicles import VEHICLES
from pipelines.training.scenes.walls import WALLS

FAMILIES = {
    "furniture": FURNITURE, "lamps": LAMPS, "walls": WALLS, "plants": PLANTS, "animals": ANIMALS, "food": FOOD,
    "toys": TOYS, "vehicles": VEHICLES, "buildings": BUILDINGS, "sky": SKY,
}  # fmt: skip
KINDS: dict[str, Kind] = {kind.name: kind for family in FAMILIES.values() for kind in family}
