"""Limits on everything that the editor accepts. `untrusted_file.py` has those of untrusted document files."""

# pictures
MAX_PIXELS = 128 * 2**20  # of one picture; checked before a pixel is decoded
MAX_SIDE = 2**15  # pixels of a blank picture's side
MAX_PATCH_PIXELS = 2**26  # of a stored tile, crop or sketch, which may come from an untrusted file
MAX_PATCH_SIDE = 16_383  # pixels of those: WebP's own limit

# an edit
MAX_PROMPT = 1000  # characters
MAX_STEPS = 1000
MAX_GUIDANCE = 30.0
MAX_FEATHER = 64  # pixels
MAX_EDGE = 64  # pixels
MAX_GROWTH = 64  # pixels, of a mask for Remove
MAX_MARGIN = 2**16  # pixels
MAX_ADAPTERS = 8
MAX_ADAPTER_WEIGHT = 2.0
MAX_REFERENCE_SIDE = 1024  # pixels; the encoders of references see 224 to 384
MAX_EDIT_JSON = 2**18  # characters, more than all texts of an edit at their longest
MAX_EXPOSURE = 3.0  # stops
MAX_BLUR = 64.0  # pixels
MAX_CURVE_POINTS = 16
MAX_IMAGES = 8  # of one request: variations, or windows that do not see each other

# documents and recipes
MAX_NAME = 200  # characters of a document's or revision's name; the rest is cut
MAX_RECIPE_STEPS = 10_000
MAX_RECIPE_JSON = 2**28  # characters of a recipe, which may come from an untrusted file
MAX_DIGEST = 64  # characters of a digest in a recipe
MAX_CREDENTIALS = 2**23  # bytes of the content credentials of an opened picture
MAX_CREDENTIAL_ACTIONS = 500  # that are shown of them, the newest

# studies
MAX_STUDY_PAIRS = 10_000
MAX_STUDY_QUESTIONS = 500  # pairs that one person compares for each question: more than an hour
MAX_STUDY_SIDE = 1024  # pixels of a picture that a study shows; larger ones are scaled down
MAX_STUDY_ANSWERS = 500_000  # whoever has a study's link can send some

# bodies of requests, in bytes
MAX_FILE_BYTES = 512 * 2**20  # a picture that is opened
MAX_EDIT_BYTES = 64 * 2**20  # an edit with its mask and sketch
MAX_BASE64_BYTES = 64 * 2**20  # a file in JSON; larger ones are opened with POST /palimpsest/documents
MAX_JSON_BYTES = 2**16  # JSON without pictures
MAX_NAME_BYTES = 2**12
