"""The command about the store: its size, checks, compaction and backup."""

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.store import maintenance
from pipelines.errors import InvalidInput


def care(context: CommandContext) -> None:
    """Runs the command `store`."""
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
            result = maintenance.compact(store)
            print(
                f"Removed {result.revisions} revisions and {result.blobs} blobs of pixels, {result.bytes / 1e6:.1f} MB."
            )
            if not result.shrunk:
                print("The file did not shrink. Compact it again while no other program has it open.")
        if options.backup:
            maintenance.backup(store, options.backup)
            print(options.backup)
        size = maintenance.size(store)
        print(
            f"{size.documents} documents, {size.revisions} revisions, {size.bytes / 1e6:.1f} MB in {size.blobs} blobs."
        )
        if complaints:
            raise InvalidInput(f"{len(complaints)} blobs of pixels are missing or damaged; everything else is intact.")
        if options.check:
            print("Everything is intact.")
