"""`python -m tools.train_zh_nano`."""

from .train import main

main()
