"""The command `layers`: lists the layers of what a document shows, or changes one of them."""

from editor.cli.context import CommandContext
from editor.cli.documents import finish
from editor.layers import title
from pipelines.errors import InvalidInput
from pipelines.models import printable


def arrange(context: CommandContext) -> None:
    """Runs the command `layers`."""
    options = context.options
    visible = {(True, False): False, (False, True): True}.get((options.hide, options.show))
    changes = (visible, options.opacity, options.place)
    if options.revision is None and changes != (None, None, None):
        raise InvalidInput("Name the layer to change: a step's id, as `layers` with the document alone lists it.")
    with context.session() as session:
        if options.revision is not None:
            finish(context, session, session.layers.change(options.document, options.revision, *changes))
        layers = session.layers.of(options.document)
        for layer in reversed(layers):  # as on the page, the topmost first
            blend = layer.edit.blend
            status = f"{round(100 * blend.opacity)} %" if blend.visible else "hidden"
            print(f"{layer.step.id}  {layers.index(layer) + 1:3}  {status:>6}  {printable(title(layers, layer))}")
