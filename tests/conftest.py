from hypothesis import settings

# machines here are noisy: how long one example takes is no defect of what it tests
settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")
