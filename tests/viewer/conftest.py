from finished_run import finished, run

__all__ = ["finished", "run"]
