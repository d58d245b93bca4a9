"""Which scenes each measurement takes: none that anything is trained on, and none that another one takes.

Numbers of the first scene. From a scene that will not do `whole` goes on by 2^20, a few times at most.
"""

from pipelines.training.dataset import HELD_OUT

BLOCK = 1 << 32  # scenes: each of these begins a block, and has all up to the next
SEEDS = 64  # of `compare`: so many have scenes of their own
SPACE = 1 << 30  # from one seed's scenes to the next one's

TABLE_SCENES = HELD_OUT  # of the model's card: `world`, `people`, `prompts`, `recolour`
GUIDANCE_SCENES, GUIDANCE_TRUTH_SCENES = HELD_OUT + 4 * BLOCK, HELD_OUT + 6 * BLOCK
CLIP_SCENES = HELD_OUT + 8 * BLOCK
RERANKING_SCENES = HELD_OUT + 12 * BLOCK
FILL_SCENES = HELD_OUT + 16 * BLOCK  # of `compare`: what models are asked for
CALIBRATION_SCENES = HELD_OUT + 32 * BLOCK
TRUTH_SCENES = HELD_OUT + 64 * BLOCK  # of `compare`: what that is compared with
SCALE_SCENES = HELD_OUT + 128 * BLOCK  # of the judge's features
ADM_SCENES, ADM_TRUTH_SCENES = HELD_OUT + 132 * BLOCK, HELD_OUT + 136 * BLOCK
MARGIN_SCENES, MARGIN_TRUTH_SCENES = HELD_OUT + 140 * BLOCK, HELD_OUT + 144 * BLOCK
JUDGE_SCENES = 2 * HELD_OUT  # the judge is trained on these
