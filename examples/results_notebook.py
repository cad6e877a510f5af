# %% [markdown]
# # Results and samples of a run
#
# Cells begin with `# %%`: VS Code, PyCharm, Spyder and Jupyter (with jupytext) run them one by one;
# `python examples/results_notebook.py results` runs them all. docs/notebooks.md has every column.

# %%
import sys

import matplotlib.pyplot as plt

import rast_bench

RESULTS = sys.argv[1] if len(sys.argv) == 2 else "results"  # results_dir= of the run
folder = rast_bench.open_results(RESULTS)
print(folder.experiments().to_string())

# %% [markdown]
# What was run, and how far: one row for each cell.

# %%
cells = folder.cells()
print(cells[["title", "lambda", "temperature", "samples", "samples_wanted", "status"]].to_string())

# %% [markdown]
# The results of an experiment: every number of its tables, at full precision. Rates are fractions.

# %%
experiment = folder.experiments()["experiment"].iloc[0]
results = folder.results(experiment)
accuracy = results[(results["measure"] == "accuracy") & results["grid"].isna()]
print(accuracy.pivot_table("estimate", ["section", "row"], "dataset", sort=False).to_string())

# %% [markdown]
# The samples behind these numbers. Fewer columns are read faster; `columns=None` reads all.

# %%
samples = folder.samples(
    experiment=experiment,
    columns=["cell_id", "problem_id", "question", "gold", "response", "verdict", "extracted"],
)
print(samples["verdict"].value_counts().to_string())

# %% [markdown]
# The same accuracies, from the samples. They are equal as long as the ledger holds no more samples
# than the table was made of.

# %%
correct = (samples["verdict"] == "correct").groupby(samples["cell_id"]).mean()
compared = accuracy.dropna(subset="cell_id").set_index("cell_id")[["row", "dataset", "estimate"]]
print(compared.assign(from_samples=correct).to_string())

# %% [markdown]
# Answers that are not correct, to read.

# %%
for sample in samples[samples["verdict"] != "correct"].head(3).itertuples():
    print(f"question  {sample.question}\nresponse  {sample.response}")
    print(f"gold      {sample.gold}\nextracted {sample.extracted} ({sample.verdict})\n")

# %% [markdown]
# Response lengths by verdict. One cell at a time, so that a ledger of any size fits into memory.

# %%
lengths: dict[str, list[int]] = {}
for frame in folder.iter_samples(experiment=experiment, columns=["verdict", "token_count"]):
    for verdict, counts in frame.groupby("verdict")["token_count"]:
        lengths.setdefault(str(verdict), []).extend(counts)
plt.hist(list(lengths.values()), bins=30, stacked=True, label=list(lengths))
plt.xlabel("tokens per response")
plt.ylabel("samples")
plt.legend()
plt.show()

# %% [markdown]
# What is missing here is told, not guessed.

# %%
print(folder.samples(experiment=experiment, columns=["question"]).attrs["notes"] or "nothing")
