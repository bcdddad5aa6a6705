import sys
from pathlib import Path

from hypothesis import settings

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "scripts")]

# machines here are noisy: how long one example takes is no defect of what it tests
settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")
