"""`python -m tools.train_zh_mini`."""

from .train import main

main()
