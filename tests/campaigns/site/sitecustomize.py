"""Python imports a module of this name when it starts: a program with this folder in PYTHONPATH paints with fakes."""

from tests.campaigns.fake_models import install

install()
