"""Not imported: the folder goes on PYTHONPATH. It gives sitecustomize.py a name."""
