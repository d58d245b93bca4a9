"""The care of the store."""

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.store import maintenance
from pipelines.errors import InvalidInput


def care(context: CommandContext) -> None:
    options = context.options
    with context.session() as session:
        store, complaints = session.store, []
        if options.check:
            with tqdm(unit=" pixels", leave=False, delay=0.1) as bar:
                for checked in maintenance.check(store):
                    bar.total = checked.total
                    bar.update(checked.done - bar.n)
                    complaints += [checked.complaint] if checked.complaint else []
            for complaint in complaints:
                print(complaint)
        if options.compact:
            gone = maintenance.compact(store)
            print(f"Removed {gone.revisions} states and {gone.blobs} pieces of pixels, {gone.bytes / 1e6:.1f} MB.")
            if not gone.shrunk:
                print("The file becomes smaller when nobody else has it open.")
        if options.backup:
            maintenance.backup(store, options.backup)
            print(options.backup)
        size = maintenance.size(store)
        print(f"{size.documents} documents, {size.revisions} states, {size.bytes / 1e6:.1f} MB in {size.blobs} pieces.")
        if complaints:
            raise InvalidInput(f"{len(complaints)} pieces of pixels are not what was stored; everything else is sound.")
        if options.check:
            print("Everything is what was stored.")
